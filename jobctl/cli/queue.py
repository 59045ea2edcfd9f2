"""``jobctl queue``: queues, and the jobs that wait in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import Group, Session
from jobctl.cli.completion import complete_queues
from jobctl.cli.connect import connect
from jobctl.cli.filters import ListingRequest, explained, write_listing
from jobctl.cli.holding import drain_command, hold
from jobctl.cli.options import (
    filter_options,
    page_options,
    queue_guard_options,
    shared_options,
    sort_options,
)
from jobctl.cli.pausing import pause, resume
from jobctl.cli.streams import read_order, say, write_rows
from jobctl.model.layout import Kind
from jobctl.model.rows import Row
from jobctl.model.verbs import Change, Verb
from jobctl.queues.naming import QUEUE_KEYS, find_queues, queue_rows, sort_rows
from jobctl.render.formats import Format, printable

if TYPE_CHECKING:
    from jobctl.backend import Backend

_names_or_all = click.argument(
    "names", nargs=-1, metavar="NAME...|'*'", shell_complete=complete_queues
)
_COLUMNS = ("queue", "size", "latency", "paused", "working")


@click.group(
    "queue",
    cls=Group,
    examples=[
        "jobctl queue ls",
        "jobctl queue jobs default --type SendEmail",
        "jobctl queue pause mailers --reason 'deploy 4711'",
        "jobctl queue hold '*' --drain 10m -- ./deploy.sh",
    ],
)
def queue() -> None:
    """Queues and the jobs that wait in them."""


@queue.command(
    "ls",
    examples=[
        "jobctl queue ls",
        "jobctl queue ls --sort latency --reverse",
        "jobctl queue ls -o json | jq '.[] | select(.latency > 300) | .queue'",
    ],
)
@shared_options
@sort_options
@click.pass_obj
def ls(session: Session) -> None:
    """List queues: size, latency, paused, working.

    Latency is how long the job that runs next has waited, working how many jobs workers hold. Where
    a queue is paused, or held (jobctl queue hold), it says by whom and why, and whether the holder
    is dead; pending: it will be paused once the server restarts. Lists of jobs whose name is in no
    set of queues are listed, too.
    """
    columns = session.columns(QUEUE_KEYS if session.format is Format.WIDE else (), QUEUE_KEYS)
    order = read_order(session, QUEUE_KEYS)
    with connect(session) as backend:
        rows = sort_rows(queue_rows(backend), order)
        if backend.queues.unsearched is not None:
            say(f"lists without a name were not looked for: {backend.queues.unsearched}")
        if not columns:
            columns = (*_COLUMNS, *_more(session, rows))
        if session.format is Format.IDS:
            rows = list({row["queue"]: row for row in rows}.values())
        write_rows(session, rows, columns, backend.server.now(), ident="queue")


def _more(session: Session, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the columns beyond the usual ones; a table leaves out those that would be empty."""
    odd, pauses = ("form", "problem"), ("paused_by", "paused_at", "reason", "holders", "pending")
    if not session.format.human:
        return (*odd, *pauses)
    shown = odd if any(row["problem"] for row in rows) else ()
    return (*shown, *(key for key in pauses if any(row[key] for row in rows)))


@queue.command(
    "jobs",
    examples=[
        "jobctl queue jobs default",
        "jobctl queue jobs default --older-than 1h -o ids",
        "jobctl queue jobs mailers --reverse --limit 5   # the last ones pushed",
    ],
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_queues)
@filter_options
@shared_options
@page_options
@click.pass_obj
def jobs(session: Session, names: Sequence[str]) -> None:
    """List the jobs of queues, by position.

    Position 0 runs next. Age counts from when they were enqueued.
    """
    request = ListingRequest.read(session, Kind.QUEUE)
    if explained(session, Kind.QUEUE, request.where, lambda backend: _jobs_in(backend, names)):
        return
    with connect(session) as backend:
        lines = [backend.queues.jobs(found) for found in find_queues(backend, names)]
        if session.format.human and len(lines) > len(set(names)):
            keys = [printable((line.queue.key or b"").decode("utf-8", "replace")) for line in lines]
            say(f"the lists one after the other: {', '.join(keys)}")
        write_listing(session, backend, lines, request)


def _jobs_in(backend: Backend, names: Sequence[str]) -> int:
    return sum(backend.queues.jobs(found).count() for found in find_queues(backend, names))


@queue.command(
    "remove",
    examples=[
        "jobctl queue remove old-mailers --dry-run",
        "jobctl queue remove old-mailers --confirm old-mailers --expect 1200",
        "jobctl queue remove a b --confirm 'a b' --reason 'split into c'",
        "jobctl queue remove '*' --confirm '*' --faktory-url tcp://localhost -u redis://localhost",
    ],
)
@_names_or_all
@queue_guard_options
@shared_options
@click.pass_obj
def remove(session: Session, names: Sequence[str]) -> None:
    """Delete queues and their jobs; jobctl undo puts them back.

    Their names and pauses go, too; '*' alone means all queues. Jobs that are being worked on are
    left alone. A running Faktory server has to be told (--faktory-url): it removes what it knows. A
    worker that asks for jobs of a queue, or a push to it, makes it anew.

    It asks for the name, several in one line; --confirm answers it. jobctl undo puts the jobs back
    in front, in their order, and the pause.
    """
    _change(session, Verb.REMOVE, names)


@queue.command(
    "adopt",
    examples=[
        "jobctl queue adopt '*' --dry-run",
        "jobctl queue adopt mailers --yes --expect 1200",
        "jobctl queue adopt '*' --layout q --reason 'upgrade to 1.10'",
    ],
)
@_names_or_all
@queue_guard_options
@shared_options
@click.pass_obj
def adopt(session: Session, names: Sequence[str]) -> None:
    """Move jobs from lists that the server does not read.

    Servers from 1.10 on keep a queue in q:NAME and before that in NAME: one that is started on the
    data of another leaves its lists alone, and their jobs wait for ever. '*' alone means all of
    them. The jobs run next, in their order; their bytes stay. jobctl undo puts back what has not
    run yet.

    What the server reads is what it says (--faktory-url), what was noted of it at an earlier
    change, or what the lists tell; where nothing does, --layout says it.
    """
    _change(session, Verb.ADOPT, names)


def _change(session: Session, verb: Verb, names: Sequence[str]) -> None:
    from jobctl.cli.change import make_change  # the engine, which ls does without

    text = " ".join(dict.fromkeys(names))
    make_change(session, Kind.QUEUE, Change(verb), text, names=names)


for command in (pause, resume, drain_command, hold):
    queue.add_command(command)
