"""One screen about everything: totals, days, server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from jobctl.actions.queues import layout_seen
from jobctl.model.layout import SETS, Kind
from jobctl.model.overview import Day, Overview
from jobctl.store.opening import Store


def overview(store: Store, days: int) -> Overview:
    """Return the totals, the counts of so many days (the last is today, UTC) and the server."""
    queues = store.queues.named()
    now = store.server.now()
    today = datetime.fromtimestamp(now, UTC).date()
    dates = [(today - timedelta(days=back)).isoformat() for back in reversed(range(days))]
    odd = store.odd_keys()
    counts_of = {k: None if store.set(k).key in odd else store.set(k).count() for k in SETS}
    (processed, failures), *counts = store.server.counters(dates)
    return Overview(
        target=str(store.target),
        server=store.server.facts(),
        layout=layout_seen(queues, store),
        processed=processed,
        failures=failures,
        queues=len({q.name for q in queues}),
        paused=len({q.name for q in queues if q.paused}),
        enqueued=sum(q.size for q in queues),
        scheduled=counts_of[Kind.SCHEDULED],
        working=counts_of[Kind.WORKING],
        retries=counts_of[Kind.RETRIES],
        dead=counts_of[Kind.DEAD],
        odd=tuple(f"the key {k} holds a {kind}: it is not counted" for k, kind in odd.items()),
        days=tuple(Day(date, *pair) for date, pair in zip(dates, counts, strict=True)),
    )
