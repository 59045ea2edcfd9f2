"""``jobctl record``: one status record, shown and changed; many of them, changed."""

from __future__ import annotations

import click

from jobctl.cli import record_verbs
from jobctl.cli.connect import connect
from jobctl.cli.helping import FILTERS, OUTPUT, OWN, Command, Group
from jobctl.cli.options import option, shared, shared_options
from jobctl.cli.output import console, say, write_document, write_rows
from jobctl.cli.recording import create, ident_argument, read_ident, set_values
from jobctl.cli.session import Session
from jobctl.errors import NotFound, UsageProblem
from jobctl.model.record import ROW_KEYS, Record
from jobctl.model.rows import Row
from jobctl.records.query import Query
from jobctl.records.records import Records
from jobctl.records.stats import MEASURES, RecordGroup, read_keys
from jobctl.render.formats import Format


@click.group(
    "record",
    cls=Group,
    examples=[
        "ID=$(jobctl record create --name Import --state started)",
        'jobctl record set "$ID" --progress 3/8',
        'jobctl record show "$ID"',
        "jobctl record cleanup --older-than 12w --dry-run",
    ],
)
def record() -> None:
    """Status records of jobs, as the Jobba gem keeps them."""


@record.command(
    "show",
    examples=[
        "jobctl record show 5f1c2b9e-6a54-4f0e-9d0e-0a4b7c1d2e3f",
        "jobctl record show import-7 -o json | jq .progress",
    ],
)
@ident_argument
@shared_options()
@click.pass_obj
def show(session: Session, ident: str) -> None:
    """Show a record, and its earlier attempts.

    JSON has its row, and the rows of the attempts under "attempts", the first one first.
    """
    with connect(session) as backend:
        records = Records(backend)
        found = records.find(read_ident(ident))
        if found is None:
            raise NotFound(
                f"there is no record {ident} in {backend.target}",
                hint="is it a job's JID? jobctl status finds the records of that",
            )
        _write(session, records, found)


def _write(session: Session, records: Records, found: Record) -> None:
    now = records.now()
    if session.format is Format.IDS or session.text("columns") is not None:
        write_rows(session, [found.row()], ROW_KEYS, now, ident="id")
        return
    attempts = records.attempts(found) if session.in_json or session.format.human else []
    if session.format.human:
        from jobctl.render.records import print_record

        print_record(console(session), found, attempts, now)
        return
    row = found.row() | {"attempts": [attempt.row() for attempt in attempts]}
    if session.in_json:
        write_document(session, row)
    else:
        write_rows(session, [row], ROW_KEYS, now, ident="id")


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
    examples=[
        "jobctl record stats",
        "jobctl record stats --by job_name -w state=succeeded -w 'recorded_at>=-1d'",
        "jobctl record stats --by state -o json | jq '.[0].running_p95'",
    ],
)
@click.option(
    "--by", metavar="KEYS", default="job_name,state", help="job_name, state; else both of them."
)
@option(OWN, "--limit", type=click.IntRange(min=0), metavar="N", help="The N largest groups.")
@shared(FILTERS, "--where")
@shared_options()
@shared(OUTPUT, "--columns")
@click.pass_obj
def stats(session: Session, by: str) -> None:
    """Measure how long jobs waited and ran.

    Waited: from queued to started; ran: from started to succeeded, failed or killed; in seconds.

    p95 is the shortest time that 95 % of them do not exceed. Records that lack the times are
    counted only; negative times are left out. A restart keeps when a job was queued, so its waiting
    holds the attempts before. On a terminal the bar compares how long they ran (p95), and -o wide
    has all columns.
    """
    keys = read_keys(by)
    if session.format is Format.IDS:
        raise UsageProblem("groups have no ids", hint="-o json, jsonl, csv or tsv")
    every = (*keys, "count", *(f"{name}_{m}" for name in ("waiting", "running") for m in MEASURES))
    people = session.format is Format.TABLE
    brief = (*_PEOPLE, "bar") if people else ()
    columns = session.columns((*keys, "count", *brief) if people else every, (*every, *brief))
    query = Query.parse(*session.texts("expressions"))

    with connect(session) as backend:
        records, now = Records(backend), backend.server.now()
        measured = records.durations(query, by=keys)
        note = records.wrong_types.note
    limit = session.number("limit")
    shown = measured.groups if limit is None else measured.groups[:limit]
    rows = _for_people(shown) if people else (each.row() for each in shown)
    write_rows(session, rows, columns, now)
    rest = measured.groups[len(shown) :]
    if rest:
        say(f"{len(rest):,} more groups, {sum(each.count for each in rest):,} records")
    if note is not None:
        say(note)
    left_out = measured.negative
    if left_out:
        times = "1 negative time is" if left_out == 1 else f"{left_out:,} negative times are"
        say(f"{times} left out: the clocks that wrote them differ")


def _for_people(groups: list[RecordGroup]) -> list[Row]:
    from jobctl.render.cells import bar, elapsed

    rows = [each.row() for each in groups]
    ran = [row["running_p95"] for row in rows]
    most = max((p95 for p95 in ran if isinstance(p95, float)), default=0.0)
    for row, p95 in zip(rows, ran, strict=True):
        for name, key in _PEOPLE.items():
            value = row[key]
            row[name] = elapsed(value) if isinstance(value, float) else None
        row["bar"] = bar(p95 / most, _BAR) if isinstance(p95, float) and most else None
    return rows


for command in (create, set_values, *record_verbs.COMMANDS, stats):
    record.add_command(command)
