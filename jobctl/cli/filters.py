"""Which jobs are meant: the filter read, repeated and explained; the listing of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from shlex import quote
from typing import TYPE_CHECKING

from jobctl.cli.command import Session
from jobctl.cli.connect import connect
from jobctl.cli.streams import (
    ON_A_TERMINAL,
    read_ids,
    read_order,
    read_page,
    say,
    write_facts,
    write_rows,
)
from jobctl.errors import JobctlError
from jobctl.filter.where import Flags, Where, explain, warnings
from jobctl.model.entry import RAW_KEYS, Entry, listing_keys, listing_row, without_plain_classes
from jobctl.model.layout import Kind
from jobctl.model.rows import Page, Row, SortOrder
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.backend import Backend
    from jobctl.jobs.listing import Source


_OPTIONS = {
    "jobtypes": "--type",
    "queues": "--queue",
    "jids": "--jid",
    "errors": "--error",
    "globs": "--match",
    "older_than": "--older-than",
    "newer_than": "--newer-than",
    "expressions": "-w",
}
Count = Callable[["Backend"], int]


def read_where(session: Session, kind: Kind | None = None) -> Where:
    """Return the filter that the options mean; `kind`: whose fields there are.

    Raises:
        UsageProblem: one of them does not make sense.
    """
    from jobctl.systems.registry import payload_keys  # 4 ms: help does without

    jids = session.texts("jids")
    expressions = Where.parse(*session.texts("expressions"), kind=kind, payload_keys=payload_keys())
    flags = Flags(
        jobtypes=session.texts("jobtypes"),
        queues=session.texts("queues"),
        jids=read_ids(jids, written=True) if jids else None,
        errors=session.texts("errors"),
        globs=session.texts("globs"),
        older_than=session.texts("older_than"),
        newer_than=session.texts("newer_than"),
        malformed=session.flag("malformed"),
        stuck=session.texts("stuck"),
    )
    return flags.where() & expressions


def filter_text(session: Session, named: Sequence[str] = ()) -> str:
    """Return the ids that were named and the filter options, to be typed again."""
    words = [quote(ident) for ident in named]
    words += ["--all"] if session.flag("everything") else []
    for name, option in _OPTIONS.items():
        for value in session.texts(name):
            words += [option, quote(value)]
    words += ["--stuck" if v == "expired" else f"--stuck={v}" for v in session.texts("stuck")]
    return " ".join([*words, "--malformed"] if session.flag("malformed") else words)


def explained(session: Session, kind: Kind, where: Where, count: Count | None = None) -> bool:
    """Explain the filter if ``--explain`` asks for it; return whether it does.

    That tells what Redis tests, what jobctl tests, and how many members are looked at. Nothing is
    searched or changed; without a Redis only the cost is missing.

    Args:
        session: the options.
        kind: the structure that would be searched.
        where: the filter.
        count: returns how many members there are; without it those of the set are counted.
    """
    if not session.flag("explain"):
        return False
    try:
        with connect(session) as backend:
            members = backend.set(kind).count() if count is None else count(backend)
    except JobctlError as error:
        say(f"the cost is not known: {error.message}")
        members = None
    document = explain(where, kind, members)
    facts = _facts(where, document["pattern"], members)
    write_facts(session, document, ident="where", shown=facts)
    if session.format.human:
        for warning in warnings(where):
            say(f"warning: {warning}")
    return True


def _facts(where: Where, pattern: object, members: int | None) -> dict[str, object]:
    of = "every member" if members is None else f"{members:,} members"
    sent = "sends what its glob lets through" if pattern else "sends all of it: no glob helps"
    return {
        "filter": str(where) or "none: everything",
        "redis tests": pattern or "nothing",
        "jobctl tests": "\n".join(str(test) for test in where.tests) or "nothing",
        "cost": f"Redis looks at {of}{',' if pattern else ' and'} {sent}",
    }


COLUMNS: dict[Kind, tuple[str, ...]] = {
    Kind.SCHEDULED: ("jid", "jobtype", "queue", "at", "args", "class"),
    Kind.QUEUE: ("position", "jid", "jobtype", "enqueued_at", "retry_count", "args", "class"),
    Kind.WORKING: ("jid", "jobtype", "queue", "reserved_at", "expires_at", "wid", "class"),
    Kind.RETRIES: ("jid", "jobtype", "queue", "at", "retry_count", "errtype", "message", "class"),
    Kind.DEAD: ("jid", "jobtype", "queue", "died_at", "errtype", "message", "class"),
}


@dataclass(frozen=True, slots=True)
class ListingRequest:
    """A listing as asked for, checked before there is a connection."""

    where: Where
    order: SortOrder
    page: Page
    columns: tuple[str, ...]

    @classmethod
    def read(cls, session: Session, kind: Kind) -> ListingRequest:
        """Read the filter, order, page and columns from the options.

        Raises:
            UsageProblem: one of them does not make sense.
        """
        keys = (*listing_keys(kind), *sorted(RAW_KEYS))
        default = listing_keys(kind) if session.format is Format.WIDE else COLUMNS[kind]
        if session.flag("malformed"):  # nothing but their bytes and their place is known of them
            default = ("position" if kind is Kind.QUEUE else "at", "raw", "raw_b64")
        if session.format in (Format.CSV, Format.TSV):  # what tells a member that is no job
            default = (*default, "malformed")
        columns = session.columns(default, keys)
        return cls(
            read_where(session, kind), read_order(session, keys), read_page(session), columns
        )


def write_listing(
    session: Session, backend: Backend, sources: Sequence[Source], request: ListingRequest
) -> None:
    """Write the page of entries that a request selects from some structures."""
    now = backend.server.now()
    brief = session.brief and request.page.limit is None
    # What a long table leaves out is counted: by the structure itself where all of it is meant.
    countable = brief and len(sources) == 1 and not request.where
    page = Page(request.page.offset, ON_A_TERMINAL) if countable else request.page
    entries = _chosen(sources, request, page, now)
    shown = islice(entries, ON_A_TERMINAL) if brief else entries
    keys = _needed_keys(session, request)
    # No row is held while the next one is read: it may be large.
    rows: Iterable[Row] = map(partial(listing_row, keys=keys), shown)
    columns = request.columns
    if session.format.human and session.text("columns") is None:
        rows, columns = without_plain_classes(rows, columns)
    write_rows(session, rows, columns, now)
    if brief:
        if countable:
            more = sources[0].count() - page.offset - ON_A_TERMINAL
        else:
            more = sum(1 for _ in entries)
        if more > 0:
            say(f"{more:,} more: --limit, or a filter")


def _chosen(
    sources: Sequence[Source], request: ListingRequest, page: Page, now: float
) -> Iterator[Entry]:
    from jobctl.jobs.listing import listed

    if len(sources) == 1:
        return listed(sources[0], request.where, request.order, page, now)
    whole = (listed(source, request.where, request.order, Page(), now) for source in sources)
    return page.of(chain.from_iterable(whole))


def _needed_keys(session: Session, request: ListingRequest) -> tuple[str, ...] | None:
    """Return the keys that a format needs of a row, so that no others are computed; None: all."""
    if session.format is Format.IDS:
        return ("jid",)
    if session.format in (Format.JSON, Format.JSONL) and session.text("columns") is None:
        return None
    return tuple(dict.fromkeys((*request.columns, "malformed")))
