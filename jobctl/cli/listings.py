"""What the listing commands of the sets and of the queues have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from jobctl.cli.session import Session
from jobctl.cli.writing import say, write_rows
from jobctl.model.layout import Kind
from jobctl.model.rows import RAW_KEYS, Row, listing_keys, listing_row, raw_keys
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl import Store
    from jobctl.actions.listing import Source
    from jobctl.model.entry import Entry

ON_A_TERMINAL = 50  # rows of a table that nobody asked to be longer

COLUMNS: dict[Kind, tuple[str, ...]] = {
    Kind.SCHEDULED: ("jid", "jobtype", "queue", "at", "args"),
    Kind.QUEUE: ("position", "jid", "jobtype", "enqueued_at", "retry_count", "args"),
    Kind.WORKING: ("jid", "jobtype", "queue", "reserved_at", "expires_at", "wid"),
    Kind.RETRIES: ("jid", "jobtype", "queue", "at", "retry_count", "errtype", "message"),
    Kind.DEAD: ("jid", "jobtype", "queue", "died_at", "errtype", "message"),
}


def write_listing(session: Session, store: Store, sources: Iterable[Source], kind: Kind) -> None:
    """Write the page of entries that the session's options select."""
    from jobctl.actions.listing import Page, listed

    keys = (*listing_keys(kind), *RAW_KEYS)
    default = listing_keys(kind) if session.format is Format.WIDE else COLUMNS[kind]
    columns = session.columns(default, keys)
    where, order, page = session.where(), session.order(keys), session.page()
    sources = list(sources)
    clock = store.server.now
    brief = session.brief and page.limit is None
    if len(sources) == 1:
        whole = Page(page.offset, None if where or not brief else ON_A_TERMINAL)
        asked = whole if brief else page
        entries = listed(sources[0], where, order, asked, clock)
    else:
        every = (listed(source, where, order, Page(), clock) for source in sources)
        entries = page.of(chain.from_iterable(every))
    shown = islice(entries, ON_A_TERMINAL) if brief else entries
    want_raw = any(column in RAW_KEYS for column in columns)
    rows = _rows(shown, want_raw=want_raw)
    write_rows(session, rows, columns, clock())
    if brief:
        if where or len(sources) > 1:
            more = sum(1 for _ in entries)
        else:
            more = max(0, sources[0].count() - page.offset - ON_A_TERMINAL)
        if more:
            say(f"{more:,} more: --limit, or a filter")


def _rows(entries: Iterable[Entry], *, want_raw: bool) -> Iterator[Row]:
    for entry in entries:
        row = listing_row(entry)
        yield row | raw_keys(entry.raw) if want_raw else row
