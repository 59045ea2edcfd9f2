"""``jobctl record delete|request-kill|mark|cleanup|stats``: many records, changed or measured."""

from __future__ import annotations

from dataclasses import replace

import click

from jobctl.cli.command import FILTERS, OUTPUT, OWN, Command, Session
from jobctl.cli.connect import connect
from jobctl.cli.filters import filter_text
from jobctl.cli.options import (
    all_of,
    all_option,
    guard_options,
    option,
    record_filter_options,
    shared,
    shared_options,
)
from jobctl.cli.query import conditions
from jobctl.cli.streams import read_ids, say, write_rows
from jobctl.cli.verbs import own_options, read_change
from jobctl.errors import UsageProblem
from jobctl.library_records import Records
from jobctl.model.layout import Kind
from jobctl.model.rows import Row
from jobctl.model.verbs import Verb
from jobctl.records.query import Query, RecordWhere
from jobctl.records.stats import MEASURES, RecordGroup, read_keys
from jobctl.render.formats import Format

# The ids and conditions that select records.
_chosen = all_of([
    click.argument("named", nargs=-1, metavar="[ID...]"), record_filter_options, all_option
])  # fmt: skip


def _change_chosen(
    session: Session, verb: Verb, named: tuple[str, ...], state: str | None = None
) -> None:
    where = RecordWhere(read_ids(named, "an id") if named else None, conditions(session))
    _change(session, verb, where, filter_text(session, named), state)


def _change(
    session: Session, verb: Verb, where: RecordWhere, text: str, state: str | None = None
) -> None:
    from jobctl.cli.change import make_change  # the engine, which show does without

    change = replace(read_change(session, verb), state=state)
    make_change(session, Kind.RECORDS, change, text, where=where)


@click.command(
    "delete",
    cls=Command,
    examples=[
        "jobctl record delete 8f3a6c0d-2b91-4e57-a1c0-5d1f00c2a7e4",
        "jobctl record delete -w state=succeeded --older-than 3d --dry-run",
        "jobctl record delete -w 'job_name=Import and state=killed' --force --expect 40 --yes",
        "jobctl record delete - --yes < ids",
    ],
)
@_chosen
@own_options(Verb.DELETE)
@guard_options
@shared_options
@click.pass_obj
def delete(session: Session, named: tuple[str, ...]) -> None:
    """Delete records; undo puts them back.

    Index entries and archived attempts go with them. Ids (- reads them from stdin) and filters must
    all hold. What neither succeeded nor failed is refused without --force. Of ids that are named,
    index entries without a record go as well.
    """
    _change_chosen(session, Verb.DELETE, named)


@click.command(
    "request-kill",
    cls=Command,
    examples=[
        "jobctl record request-kill 8f3a6c0d-2b91-4e57-a1c0-5d1f00c2a7e4",
        "jobctl record request-kill -w 'state=started and job_name=Import' --max 20 --yes",
    ],
)
@_chosen
@own_options(Verb.REQUEST_KILL)
@guard_options
@shared_options
@click.pass_obj
def request_kill(session: Session, named: tuple[str, ...]) -> None:
    """Ask for the end of the records' jobs.

    A job that looks (kill_requested) can end itself and mark its record killed; the first request
    stays. Ids (- reads them from stdin) and filters must all hold. It cannot be undone.
    """
    _change_chosen(session, Verb.REQUEST_KILL, named)


@click.command(
    "mark",
    cls=Command,
    examples=[
        'jobctl record mark succeeded "$ID"',
        "jobctl record mark killed -w 'state=started and started_at<-2d' --dry-run",
        "jobctl record mark unknown - --reason 'host 7 died' --yes < ids",
    ],
)
@click.argument("state")
@_chosen
@own_options(Verb.MARK)
@guard_options
@shared_options
@click.pass_obj
def mark(session: Session, state: str, named: tuple[str, ...]) -> None:
    """Mark records with a state.

    That is unqueued, queued, started, succeeded, failed, killed or unknown. The time of a state is
    kept where there is one from before. A record that is started once more restarts: what it was is
    kept as an attempt. Ids (- reads them from stdin) and filters must all hold. It cannot be
    undone. Ids that are typed are marked without asking, so that a job can do it; what is read or
    filtered is asked for.
    """
    if named and "-" not in named:  # a protected context asks for its name all the same
        session.given["yes"] = True
    _change_chosen(session, Verb.MARK, named, state)


@click.command(
    "cleanup",
    cls=Command,
    examples=[
        "jobctl record cleanup --older-than 12w --dry-run",
        "jobctl record cleanup --older-than 12w --yes --no-undo",
        "jobctl record cleanup --older-than 52w --force --max 10000",
    ],
)
@shared(FILTERS, "--older-than", own=True)
@own_options(Verb.DELETE)
@guard_options
@shared_options
@click.pass_obj
def cleanup(session: Session) -> None:
    """Delete completed records by their age.

    They have succeeded or failed; with --force all of that age are deleted. Ids of which only index
    entries are left go as well. jobctl undo puts them back.
    """
    ages = session.texts("older_than")
    if len(ages) != 1:
        raise UsageProblem("cleanup of how old records?", hint="--older-than 12w, once")
    where = RecordWhere.older(ages[0], completed=not session.flag("force"))
    _change(session, Verb.DELETE, where, f"cleanup {filter_text(session)}")


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
@shared_options
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


COMMANDS = (delete, request_kill, mark, cleanup, stats)
