"""Listings of jobs: what is asked for, and how it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING

from jobctl.cli.filters import read_where
from jobctl.cli.output import ON_A_TERMINAL, read_order, read_page, say, write_rows
from jobctl.cli.session import Session
from jobctl.filter.where import Where
from jobctl.jobs.listing import Source, listed
from jobctl.model.entry import Entry
from jobctl.model.layout import Kind
from jobctl.model.rows import (
    RAW_KEYS,
    Page,
    Row,
    SortOrder,
    listing_keys,
    listing_row,
    without_plain_classes,
)
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.backend import Backend

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
    entries = _entries(sources, request, page, now)
    shown = islice(entries, ON_A_TERMINAL) if brief else entries
    keys = _keys(session, request)
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


def _entries(
    sources: Sequence[Source], request: ListingRequest, page: Page, now: float
) -> Iterator[Entry]:
    if len(sources) == 1:
        return listed(sources[0], request.where, request.order, page, now)
    whole = (listed(source, request.where, request.order, Page(), now) for source in sources)
    return page.of(chain.from_iterable(whole))


def _keys(session: Session, request: ListingRequest) -> tuple[str, ...] | None:
    """Return the keys that a format needs of a row, so that no others are computed; None: all."""
    if session.format is Format.IDS:
        return ("jid",)
    if session.format in (Format.JSON, Format.JSONL) and session.text("columns") is None:
        return None
    return tuple(dict.fromkeys((*request.columns, "malformed")))
