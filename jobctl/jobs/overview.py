"""One screen about everything: totals, days, servers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jobctl.errors import Refused, Unreachable
from jobctl.model.info import Day, JobServerFacts, Overview
from jobctl.model.layout import SETS, Kind
from jobctl.model.queue import Queue, form_shown, is_unread
from jobctl.model.words import listed, things
from jobctl.queues.holders import pending_pauses
from jobctl.systems.faktory.server import Faktory

if TYPE_CHECKING:
    from jobctl.backend import Backend


def overview(backend: Backend, days: int) -> Overview:
    """Return the totals, the counts of so many days (the last is today) and the servers.

    A server that is known and cannot be reached is a warning, as the Redis knows the rest.

    Args:
        backend: what it works on.
        days: how many days.
    """
    if not backend.has_redis and backend.faktory is not None:
        return _by_server_alone(backend, backend.faktory)
    backend.require_redis("info")
    refusal = backend.systems.refusal()
    if refusal is not None:
        return _not_served(backend, refusal)
    queues = backend.queues.named()
    now = backend.server.now()
    today = datetime.fromtimestamp(now, UTC).date()
    # Days are those of the server's own zone, which may be a day ahead.
    dates = [(today - timedelta(days=back)).isoformat() for back in range(days - 1, -2, -1)]
    odd = backend.odd_keys()
    counts_of = {k: None if backend.set(k).key in odd else backend.set(k).count() for k in SETS}
    total, *counts = backend.server.counters(backend.layout.counters, dates)
    ahead = counts[-1] != (None, None)
    shown = list(zip(dates, counts, strict=True))[slice(1, None) if ahead else slice(-1)]
    processed, failures = total
    server = backend.server.facts()
    told, silence = _asked(backend.faktory)
    contradicted: list[str] = []
    if told is not None:
        contradicted = backend.system.contradictions(total, told)
    form = form_shown(queues, backend.form) or _form(told)
    return Overview(
        target=str(backend.target),
        server=server,
        faktory=told,
        layout=form,
        lists=backend.system.describe_form(form),
        processed=processed,
        failures=failures,
        queues=len({q.name for q in queues}),
        paused=len(
            {q.name for q in queues if q.paused}.difference(pending_pauses(backend, facts=told))
        ),
        enqueued=sum(q.size for q in queues),
        scheduled=counts_of[Kind.SCHEDULED],
        working=counts_of[Kind.WORKING],
        retries=counts_of[Kind.RETRIES],
        dead=counts_of[Kind.DEAD],
        warnings=(
            *_unread(backend, queues, None if contradicted else told),
            *(f"the key {k} holds a {kind}: it is not counted" for k, kind in odd.items()),
            *([silence] if silence is not None else ()),
            *contradicted,
        ),
        days=tuple(Day(date, *pair) for date, pair in shown),
    )


def _not_served(backend: Backend, refusal: Refused) -> Overview:
    """Return the overview of a Redis whose jobs are not served."""
    served = backend.systems.served
    return Overview(
        target=str(backend.target),
        server=backend.server.facts(),
        faktory=None,
        system=None if served is None else served.value,
        warnings=(f"{refusal.message} ({refusal.hint})",),
    )


def _unread(
    backend: Backend, queues: Sequence[Queue], told: JobServerFacts | None
) -> Iterator[str]:
    """Say how many jobs wait in lists that the server does not read."""
    read = backend.system.form_read(queues, told)
    unread = [queue for queue in queues if queue.size and is_unread(queue, read)]
    if unread:
        jobs = sum(queue.size for queue in unread)
        names = listed([queue.name for queue in unread])
        yield (
            f"{jobs:,} {things(jobs, 'job')} in lists that the server does not read, of {names}: "
            "jobctl queue adopt moves them over"
        )


def _by_server_alone(backend: Backend, faktory: Faktory) -> Overview:
    """Return the totals that a server knows, for want of its Redis."""
    told = faktory.info()
    return Overview(
        target=str(faktory.address),
        server=None,
        faktory=told,
        layout=_form(told),
        lists=backend.system.describe_form(_form(told)),
        processed=told.processed,
        failures=told.failures,
        queues=None if told.queues is None else len(told.queues),
        enqueued=told.enqueued,
        whole=False,
    )


def _asked(faktory: Faktory | None) -> tuple[JobServerFacts | None, str | None]:
    """Return what the server says about itself, or a warning if it does not answer."""
    if faktory is None:
        return None, None
    try:
        return faktory.info(), None
    except Unreachable as error:
        return None, f"the Faktory server says nothing of itself: {error}"


def _form(told: JobServerFacts | None) -> str | None:
    return None if told is None or told.form is None else told.form.value
