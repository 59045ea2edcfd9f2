"""``jobctl retries|scheduled|dead|working``: the same commands, made for each set."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobctl.cli.command import Command, Group, Session
from jobctl.cli.connect import connect
from jobctl.cli.filters import ListingRequest, explained, filter_text, read_where, write_listing
from jobctl.cli.options import (
    all_of,
    all_option,
    filter_options,
    option,
    page_options,
    plain_guard_options,
    shared_options,
    stuck_option,
)
from jobctl.cli.streams import (
    console,
    read_id,
    read_ids,
    say,
    write_bytes,
    write_document,
    write_number,
    write_rows,
)
from jobctl.cli.verbs import own_options, read_change, verb_command, verbs_of
from jobctl.errors import NotFound, UsageProblem
from jobctl.filter.where import Flags
from jobctl.jobs.listing import count as count_matching
from jobctl.jobs.listing import group as group_jobs
from jobctl.jobs.listing import read_keys
from jobctl.model.entry import listing_keys, listing_row
from jobctl.model.layout import Kind
from jobctl.model.status import Status
from jobctl.model.verbs import Verb
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.backend import Backend

_ABOUT = {
    Kind.RETRIES: "Jobs that failed and will be tried again.\n\n"
    "Sorted by when they are tried next. Age counts from the first failure.",
    Kind.SCHEDULED: "Jobs that will be pushed at a set time.\n\n"
    "Sorted by when they are pushed. Age counts from their creation.",
    Kind.DEAD: "Jobs that will not run again by themselves.\n\n"
    "Newest first. Age counts from their death; they are purged 180 days after it.",
    Kind.WORKING: "Jobs that workers hold right now.\n\n"
    "Reservations, sorted by when they expire. Age counts from the reservation.",
}
_F = TypeVar("_F", bound=Callable[..., Any])
_FILTERED = {
    Kind.RETRIES: "--error Timeout --older-than 2h",
    Kind.SCHEDULED: "--queue mailers",
    Kind.DEAD: "--newer-than 1d",
    Kind.WORKING: "--stuck",
}


class SetGroup(Group):
    """The commands of a set; each is made when it is used: all four sets have 33."""

    def __init__(self, kind: Kind) -> None:
        name = kind.value
        super().__init__(
            name,
            help=_ABOUT[kind],
            examples=[
                f"jobctl {name} ls {_FILTERED[kind]}",
                f"jobctl {name} count --type SendEmail",
                f"jobctl {name} show 8f3a6c0d2b914e57a1c0 --raw",
            ],
        )
        self._make: dict[str, Callable[[], click.Command]] = {
            "ls": partial(_ls, kind),
            "show": partial(_show, kind),
            "count": partial(_count, kind),
        }
        if kind is Kind.WORKING:
            self._make["release"] = lambda: release
        else:
            self._make["group"] = partial(group_command, kind)
            self._make |= {verb.value: partial(verb_command, kind, verb) for verb in verbs_of(kind)}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names, sorted."""
        return sorted(self._make)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Make a command."""
        make = self._make.get(cmd_name)
        return None if make is None else make()


def _filters(kind: Kind) -> Callable[[_F], _F]:
    own = [stuck_option] if kind is Kind.WORKING else []
    return all_of([filter_options, *own])


def _ls(kind: Kind) -> click.Command:
    @click.command(
        "ls",
        cls=Command,
        help=f"List jobs in {kind.value}.",
        examples=[
            f"jobctl {kind.value} ls {_FILTERED[kind]}",
            f"jobctl {kind.value} ls --type SendEmail -o ids | jobctl status -",
            f"jobctl {kind.value} ls -o jsonl | jq -r .message | sort | uniq -c",
        ],
    )
    @_filters(kind)
    @shared_options
    @page_options
    @click.pass_obj
    def ls(session: Session) -> None:
        request = ListingRequest.read(session, kind)
        if explained(session, kind, request.where):
            return
        with connect(session) as backend:
            write_listing(session, backend, [backend.set(kind)], request)

    return ls


def _count(kind: Kind) -> click.Command:
    @click.command(
        "count",
        cls=Command,
        help=f"Count the jobs in {kind.value}.",
        examples=[
            f"jobctl {kind.value} count",
            f"jobctl {kind.value} count {_FILTERED[kind]}",
        ],
    )
    @_filters(kind)
    @shared_options
    @click.pass_obj
    def count(session: Session) -> None:
        where = read_where(session, kind)
        if explained(session, kind, where):
            return
        with connect(session) as backend:
            write_number(session, count_matching(backend.set(kind), where, backend.server.now()))

    return count


def _show(kind: Kind) -> click.Command:
    @click.command(
        "show",
        cls=Command,
        help=f"Show a job in {kind.value}, or its exact bytes.",
        examples=[
            f"jobctl {kind.value} show 8f3a6c0d2b914e57a1c0",
            f"jobctl {kind.value} show 8f3a6c0d2b914e57a1c0 --raw | sha256sum",
        ],
    )
    @click.argument("jid")
    @click.option("--raw", is_flag=True, help="Print the member's exact bytes, and nothing else.")
    @shared_options
    @click.pass_obj
    def show(session: Session, jid: str, raw: bool) -> None:
        jid = read_id(jid)
        with connect(session) as backend:
            show_job(session, backend, kind, jid, raw=raw)

    return show


_MORE = ("count", "share", "oldest", "newest", "filter")
_WIDE_BAR = 20  # cells


def group_command(kind: Kind) -> click.Command:
    """Make the command of one set."""

    @click.command(
        "group",
        cls=Command,
        help=f"""Count the jobs in {kind.value} by what they have in common.

        The class is the type, or what ActiveJob wraps in it. A fingerprint is the error's message
        without ids, numbers, paths, addresses. Hour and day are those at which jobs are due, in
        dead those of their death, in UTC. Each line has the filter that selects it; a table that is
        too narrow for it leaves it out.""",
        examples=[
            f"jobctl {kind.value} group",
            f"jobctl {kind.value} group --by errtype,fingerprint --type SendEmail -o wide",
            f"jobctl {kind.value} group --by hour -o json | jq -r '.[0].filter'",
        ],
    )
    @click.option(
        "--by",
        metavar="KEYS",
        default="type,errtype",
        help="type, class, queue, errtype, fingerprint, hour, day; else type,errtype.",
    )
    @option(
        "Options", "--limit", type=click.IntRange(min=0), metavar="N", help="The N largest groups."
    )
    @filter_options
    @shared_options
    @click.pass_obj
    def group(session: Session, by: str) -> None:
        keys = read_keys(by)
        if session.format is Format.IDS:
            raise UsageProblem("groups have no ids", hint="-o json, jsonl, csv or tsv")
        where = read_where(session, kind)
        if explained(session, kind, where):
            return
        with connect(session) as backend:
            now = backend.server.now()
            groups = group_jobs(backend.set(kind), where, keys, now, given=filter_text(session))
        limit = session.number("limit")
        shown = groups if limit is None else groups[:limit]
        rows = [each.row() for each in shown]
        columns: tuple[str, ...] = (*keys, *_MORE)
        if session.format.human:
            from jobctl.render.cells import bar

            most = groups[0].count if groups else 1
            for row, each in zip(rows, shown, strict=True):
                row["bar"] = bar(each.count / most, _WIDE_BAR)
                if each.malformed:
                    row[keys[0]] = "(malformed)"
            wide = session.format is Format.WIDE
            columns = (*keys, "count", "share", "bar", *(_MORE[2:] if wide else ("filter",)))
        write_rows(session, rows, columns, now)
        rest = groups[len(shown) :]
        if rest:
            say(f"{len(rest):,} more groups, {sum(each.count for each in rest):,} jobs")

    return group


@click.command(
    "release",
    cls=Command,
    examples=[
        "jobctl working release 8f3a6c0d2b914e57a1c0",
        "jobctl working release --stuck=30m --queue mailers --dry-run",
        "jobctl working release --stuck --max 50 --reason 'host 7 died' --yes",
        "jobctl working ls -w wid=host7-1 -o ids | jobctl working release - --yes",
    ],
)
@click.argument("named", nargs=-1, metavar="[JID...]")
@filter_options
@stuck_option
@all_option
@own_options(Verb.RELEASE)
@plain_guard_options
@shared_options
@click.pass_obj
def release(session: Session, named: tuple[str, ...]) -> None:
    """Put jobs back to the front of their queues, their workers being gone.

    The reservation that expires first runs first, with a fresh enqueued_at; the retry count stays.
    JIDs (- reads them from stdin) and filters must all hold. It always asks: a worker that is alive
    may still run the job, which then runs twice, and a release cannot be undone.

    A running Faktory server keeps reservations in its memory: give it by --faktory-url, so that it
    is told, by an ACK. That would count a job of a batch as done, and may start the batch's
    callbacks: such jobs are refused without --break-batch. The lock of a unique job, which an ACK
    frees, is put back. By Redis alone only where no server runs.
    """
    from jobctl.cli.change import make_change  # the engine, which ls does without

    where = Flags(jids=read_ids(named, written=True) if named else None).where()
    where &= read_where(session, Kind.WORKING)
    if not explained(session, Kind.WORKING, where):
        change, text = read_change(session, Verb.RELEASE), filter_text(session, named)
        make_change(session, Kind.WORKING, change, text, where=where)


def show_job(session: Session, backend: Backend, kind: Kind, jid: str, *, raw: bool) -> None:
    """Show the member of a set that has a JID.

    Raises:
        NotFound: no member has it.
    """
    entries = sorted(backend.set(kind).find([jid]), key=lambda entry: (entry.score, entry.raw))
    if not entries:
        raise NotFound(
            f"{jid} is not in {kind.value}", hint=f"anywhere else? jobctl status {quote(jid)}"
        )
    if len(entries) > 1:
        say(f"{len(entries)} members of {kind.value} have this JID; this is the first by score")
    entry = entries[0]
    if raw:
        write_bytes(entry.raw)
    elif session.in_json:
        write_document(session, listing_row(entry) | {"payload": entry.job.payload})
    elif session.format.human:
        from jobctl.render.story import print_story

        print_story(console(session), Status(jid, (entry,)), backend.server.now())
    else:
        write_rows(session, [listing_row(entry)], listing_keys(kind), backend.server.now())


retries = SetGroup(Kind.RETRIES)
scheduled = SetGroup(Kind.SCHEDULED)
dead = SetGroup(Kind.DEAD)
working = SetGroup(Kind.WORKING)
