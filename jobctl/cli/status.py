"""``jobctl status``: find jobs; ``states``: the table of states; ``info``: one screen of totals."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import OUTPUT, Command, Session
from jobctl.cli.connect import connect, connect_either, note_passed_over
from jobctl.cli.options import output_options, shared, shared_options, watch_option
from jobctl.cli.streams import console, read_ids, repeat, say, write_document, write_rows
from jobctl.errors import NotFound, UsageProblem
from jobctl.model.entry import without_plain_classes
from jobctl.model.info import NOT_LOOKED
from jobctl.model.rows import Row
from jobctl.model.status import PLACE_KEYS, TABLE, Status
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.backend import Backend


@click.command(
    "status",
    cls=Command,
    examples=[
        "jobctl status 8f3a6c0d2b914e57a1c0",
        "jobctl status 8f3a6c0d2b914e57a1c0 -o json | jq -r .state",
        "grep -o 'jid=[0-9a-f]*' app.log | cut -c5- | jobctl status - -o jsonl",
        "jobctl status 8f3a6c0d2b914e57a1c0 --wait dead,gone --timeout 5m",
    ],
)
@click.argument("jids", nargs=-1, required=True, metavar="JID...|-")
@watch_option
@click.option("--wait", "goal", metavar="STATE[,..]|gone", help="Wait until it is in such a state.")
@click.option("--timeout", metavar="D", help="Give up waiting after this (exit 6): 30s, 5m.")
@shared_options
@click.pass_obj
def status(
    session: Session,
    jids: Sequence[str],
    seconds: str | None,
    goal: str | None,
    timeout: str | None,
) -> None:
    """Find jobs by JID, whatever structure they are in.

    Looks in scheduled, the queues, working, retries and dead, and tests the job's own id, never a
    substring. Jobba's status records of that id or provider_job_id are shown as well; without a
    place, they decide the state. Several JIDs cost one pass; - reads them from stdin.
    """
    if timeout is not None and goal is None:
        raise UsageProblem("--timeout goes with --wait")
    if seconds is not None and goal is not None:
        raise UsageProblem("--watch and --wait do not go together")
    asked = read_ids(jids)
    single = len(jids) == 1 and jids[0] != "-"
    if goal is not None:
        _wait(session, asked, goal, timeout, single)
    elif seconds is not None:
        repeat(
            session,
            seconds,
            lambda: connect(session),
            lambda backend: _look(session, backend, jids=asked, single=single),
        )
    else:
        with connect(session) as backend:
            missing = _look(session, backend, jids=asked, single=single)
            place, unsearched = str(backend.target), backend.queues.unsearched
        if missing:
            raise _not_found(missing, len(asked), place, unsearched)


def _look(session: Session, backend: Backend, *, jids: Sequence[str], single: bool) -> list[Status]:
    """Look up jobs once, write the answer, and return the jobs that were not found."""
    from jobctl.jobs.locate import status as look  # 15 ms with what it needs: help does without

    found = look(backend, jids)
    _write(session, backend, found, single)
    return [job for job in found if not job.found]


def _wait(
    session: Session, jids: Sequence[str], goal: str, timeout: str | None, single: bool
) -> None:
    from jobctl.jobs.locate import Goal, wait

    wanted = Goal.read(goal, timeout)
    if sys.stderr.isatty():
        say(f"waiting for {wanted}; Ctrl-C ends it")
    with connect(session) as backend:
        waited = wait(backend, jids, wanted)
        _write(session, backend, waited.jobs, single)
    if waited.problem is not None:
        raise waited.problem


def _write(session: Session, backend: Backend, jobs: list[Status], single: bool) -> None:
    now = backend.server.now()
    if session.format is Format.JSON:
        documents = [job.document() for job in jobs]
        write_document(session, documents[0] if single else documents)
    elif session.format is Format.JSONL:
        write_rows(session, (job.document() for job in jobs), PLACE_KEYS, now)
    elif session.format is Format.IDS:
        write_rows(session, ({"jid": job.jid} for job in jobs if job.found), PLACE_KEYS, now)
    elif session.format is Format.TABLE and len(jobs) <= 1:
        from jobctl.render.story import print_story

        for job in jobs:
            print_story(console(session), job, now)
    else:
        rows: Iterable[Row] = (row for job in jobs for row in job.rows())
        columns: tuple[str, ...] = PLACE_KEYS
        if session.format.human:
            rows, columns = without_plain_classes(rows, columns)
        write_rows(session, rows, columns, now)
        if session.format.human:
            _warn(jobs)
    sys.stdout.flush()


def _warn(jobs: list[Status]) -> None:
    """Print the warnings of several jobs; one that all of them share only once."""
    common = set.intersection(*(set(job.warnings) for job in jobs)) if len(jobs) > 1 else set()
    for warning in sorted(common):
        say(warning)
    for job in jobs:
        for warning in job.warnings:
            if warning not in common:
                say(f"{job.jid}: {warning}")


def _not_found(missing: list[Status], asked: int, place: str, unsearched: str | None) -> NotFound:
    who = f"{missing[0].jid} is" if asked == 1 else f"{len(missing)} of {asked} are"
    if any(job.damaged for job in missing):
        place = next(job.damaged[0] for job in missing if job.damaged)
        listed = f"queue jobs {quote(place[6:])}" if place.startswith("queue ") else f"{place} ls"
        return NotFound(
            f"{who} not found, but a malformed member of {place} holds such a text",
            hint=f"look at it: jobctl {listed} --malformed",
        )
    if missing[0].unread:
        keys = ", ".join(missing[0].unread)
        return NotFound(
            f"{who} not found in {place}, and {keys} could not be read",
            hint=f"it holds another type than a job system keeps there: redis-cli type {keys}",
        )
    denied = missing[0].denied
    records = "its status records may not be read" if denied else "no status record tells of it"
    if unsearched is not None:
        records += f"; lists without a name were not looked for: {unsearched}"
    return NotFound(
        f"{who} nowhere in {place}: not scheduled, queued, working, in retries or dead; {records}",
        hint="it finished (that leaves no trace but a record), was discarded, expired, or was "
        "purged 180 days after its death; or this is not its Redis",
    )


_STATE_COLUMNS = ("state", "faktory", "jobba", "rethinkdb", "meaning")


@click.command(
    "states",
    cls=Command,
    examples=[
        "jobctl states",
        "jobctl states -o json | jq -r '.[] | select(.jobba) | .jobba + \" is \" + .state'",
    ],
)
@output_options
@shared(OUTPUT, "--columns")
@click.pass_obj
def states(session: Session) -> None:
    """The states of a job, and what other systems call them.

    The others are Faktory's tracking, Jobba's status records and rethinkdb-job-queue. Where a job
    is decides its state; one that is in no structure has the state of its record. No Redis is
    asked.
    """
    columns = session.columns(_STATE_COLUMNS, _STATE_COLUMNS)
    write_rows(session, (named.row() for named in TABLE), columns, 0.0, ident="state")


_DAYS = ("date", "processed", "failures")
_BY_WIRE = ("version", "uptime", "connections", "processed", "failures", "enqueued")


@click.command(
    "info",
    cls=Command,
    examples=[
        "jobctl info",
        "jobctl info --watch=5",
        "jobctl info -o json | jq .retries",
        "jobctl info --faktory-url tcp://:PASSWORD@faktory.internal:7419",
    ],
)
@click.option(
    "--days", type=click.IntRange(1, 366), default=14, metavar="N", help="Days to look back (14)."
)
@watch_option
@shared_options
@click.pass_obj
def info(session: Session, days: int, seconds: str | None) -> None:
    """One screen: totals, days, server.

    csv, tsv and ids have a row for each day. Days are the server's own, in its local zone, which it
    does not name. With --faktory-url alone: what that server knows, in csv and tsv one row of it;
    there are no ids.
    """
    if seconds is not None:
        write = partial(_write_info, session, days=days)
        repeat(session, seconds, lambda: _open_info(session), write)
        return
    with _open_info(session) as backend:
        _write_info(session, backend, days)


def _open_info(session: Session) -> Backend:
    """Open the Redis, or the Faktory server where only that is known."""
    backend = connect_either(session)
    if not backend.has_redis and backend.faktory is not None:
        if session.format is Format.IDS:
            backend.require_redis("info by day")
        backend.faktory.open()  # where that fails, there is nothing else to say
        note_passed_over(backend)
        if not session.format.human:  # the screen says it itself
            say(NOT_LOOKED)
    return backend


def _write_info(session: Session, backend: Backend, days: int) -> None:
    from jobctl.jobs.overview import overview  # status does without: a tenth of its imports

    view = overview(backend, days)
    if not (session.format.human or session.in_json):  # these hold them
        for warning in view.warnings:
            say(f"warning: {warning}")
    now = time.time() if not backend.has_redis else backend.server.now()
    if session.format.human:
        from jobctl.render.screen import print_screen

        print_screen(console(session), view)
    elif session.in_json:
        write_document(session, view.document())
    elif not view.whole and view.faktory is not None:
        write_rows(session, [view.faktory.document()], _BY_WIRE, now, ident="version")
    else:
        write_rows(session, view.day_rows(), _DAYS, now, ident="date")
