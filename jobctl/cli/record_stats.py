"""``jobctl record stats``: how long jobs waited and ran, by their status records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jobctl.cli.helping import Command
from jobctl.cli.options import FILTER, option, shared_options
from jobctl.cli.session import Session
from jobctl.cli.writing import say, write_rows
from jobctl.errors import UsageProblem
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.actions.records.durations import Group
    from jobctl.model.rows import Row

_BAR = 6  # cells
_PEOPLE = {
    "wait p50": "waiting_p50",
    "wait p95": "waiting_p95",
    "run p50": "running_p50",
    "run p95": "running_p95",
}


@click.command(
    "stats",
    cls=Command,
    help="""Count records, and measure how long their jobs waited (from queued to started) and ran
    (from started to succeeded, failed or killed): min, mean, p50, p95, max, in seconds.

    p95 is the shortest time that 95 % of them do not exceed. Records that lack the times are
    counted only; negative times are left out. On a terminal the bar compares how long they ran
    (p95), and -o wide has all columns.""",
    short_help="Measure how long jobs waited and ran.",
    examples=[
        "jobctl record stats",
        "jobctl record stats --by job_name -w state=succeeded -w 'recorded_at>=-1d'",
        "jobctl record stats --by state -o json | jq '.[0].running_p95'",
    ],
)
@click.option(
    "--by", metavar="KEYS", default="job_name,state", help="job_name, state; else both of them."
)
@option("Options", "--limit", type=click.IntRange(min=0), metavar="N", help="The N largest groups.")
@option(
    FILTER, "-w", "--where", "expressions", multiple=True, metavar="EXPR",
    help="Expression on records: state=failed, 'job_name=SendEmail', 'recorded_at>=-2d'.",
)  # fmt: skip
@shared_options()
@click.pass_obj
def stats(session: Session, by: str) -> None:
    """Measure how long jobs waited and ran."""
    from jobctl.actions.listing import Order, Page
    from jobctl.actions.records.durations import MEASURES, measure, read_keys
    from jobctl.actions.records.querying import find
    from jobctl.model.query import Query

    keys = read_keys(by)
    if session.format is Format.IDS:
        raise UsageProblem("groups have no ids", hint="-o json, jsonl, csv or tsv")
    query = Query.parse(*session.texts("expressions"))
    with session.connect() as store:
        now = store.server.now()
        records = find(store.records, query, Order(), Page(), now)
        measured = measure(records, keys)
    limit = session.number("limit")
    shown = measured.groups if limit is None else measured.groups[:limit]
    if session.format is Format.TABLE:
        columns = (*keys, "count", *_PEOPLE, "bar")
        write_rows(session, _for_people(shown), columns, now)
    else:
        every = [f"{name}_{each}" for name in ("waiting", "running") for each in MEASURES]
        write_rows(session, (each.row() for each in shown), (*keys, "count", *every), now)
    rest = measured.groups[len(shown) :]
    if rest:
        say(f"{len(rest):,} more groups, {sum(each.count for each in rest):,} records")
    if measured.negative:
        say(f"{measured.negative:,} negative times are left out: the clocks that wrote them differ")


def _for_people(groups: list[Group]) -> list[Row]:
    from jobctl.render.human import bar, elapsed

    rows = [each.row() for each in groups]
    ran = [row["running_p95"] for row in rows]
    most = max((p95 for p95 in ran if isinstance(p95, float)), default=0.0)
    for row, p95 in zip(rows, ran, strict=True):
        for name, key in _PEOPLE.items():
            value = row[key]
            row[name] = elapsed(value) if isinstance(value, float) else None
        row["bar"] = bar(p95 / most, _BAR) if isinstance(p95, float) and most else None
    return rows
