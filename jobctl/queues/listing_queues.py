"""List queues: their jobs, latency, workers, and who paused or holds them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from jobctl.model.layout import Kind, QueueForm
from jobctl.model.leases import Author, Holders
from jobctl.model.queue import Queue, forms_seen, is_unread, read_instead
from jobctl.model.rows import Row, SortOrder, sorted_by
from jobctl.model.times import score_time
from jobctl.queues.holders import find_holders, pending_pauses

if TYPE_CHECKING:
    from jobctl.backend import Backend

QUEUE_KEYS = (
    "queue", "size", "latency", "paused", "working", "form", "registered", "problem",
    "paused_by", "paused_at", "reason", "holders", "pending",
)  # fmt: skip


def queue_rows(backend: Backend) -> list[Row]:
    """Return a row per queue, by name. Latency in seconds, to the millisecond."""
    queues = backend.queues.named()
    queues += backend.queues.strays(queues)
    busy: Counter[str | None] = Counter()
    if backend.set(Kind.WORKING).key not in backend.odd_keys():
        busy.update(entry.job.text("queue") for entry in backend.system.running())
    now = backend.server.now()
    facts = backend.system.server_facts() if forms_seen(queues) else None
    read = backend.system.form_read(queues, facts)
    elsewhere = {q.name for q in queues if is_unread(q, read)} & {
        q.name for q in queues if q.form is read
    }
    notes = backend.pauses.notes()
    unread = pending_pauses(backend, notes, facts)
    holds = find_holders(backend, sorted({q.name for q in queues}))
    return [
        _row(q, read, now, backend)
        # A reservation names its queue, not the list it came from: it is the one that is read.
        | {"working": None if q.name in elsewhere and is_unread(q, read) else busy[q.name]}
        | _pause(q, notes.get(q.name), holds.get(q.name))
        | _pending(unread.get(q.name) if q.paused else None)
        for q in sorted(queues, key=_order)
    ]


def sort_rows(rows: list[Row], order: SortOrder) -> list[Row]:
    """Return rows by a field, those without it last; without a field in order, or reversed."""
    if order.field is None:
        return rows[::-1] if order.reverse else rows
    return list(sorted_by(((row[order.field], row) for row in rows), reverse=order.reverse))


def _order(queue: Queue) -> tuple[str, str]:
    return (queue.name, queue.form or "")


def _row(queue: Queue, read: QueueForm | None, now: float, backend: Backend) -> Row:
    latency = queue.latency(now, backend.layout)
    form = queue.form or read or backend.form
    return {
        "queue": queue.name,
        "size": queue.size,
        "latency": None if latency is None else round(latency, 3),
        "paused": queue.paused,
        "working": 0,
        "form": None if form is None else form.value,
        "registered": queue.registered,
        "problem": _problem(queue, read, backend),
    }


def _pending(known: bool | None) -> Row:
    """Return whether a pause waits for the server's next start; `known` None: it does not."""
    if known is None:
        return {"pending": False}
    if known:
        return {"paused": False, "pending": True}
    doubt = "paused at the server's next start; --faktory-url tells whether that was since"
    return {"paused": None, "pending": True, "problem": doubt}


def _pause(queue: Queue, author: Author | None, hold: Holders | None) -> Row:
    """Return who paused a queue, when and why, as far as it is noted, and who holds it."""
    found: Row = dict.fromkeys(("paused_by", "paused_at", "reason"))
    if author is not None and queue.paused:
        found |= {
            "paused_by": str(author),
            "paused_at": score_time(author.at),
            "reason": author.reason,
        }
    elif hold is not None:
        found["reason"] = next((it.author.reason for it in hold.leases if it.author.reason), None)
    if hold is not None and hold.other_version is not None:
        found["problem"] = f"held by {hold}"
    return found | {"holders": [lease.document() for lease in hold.leases] if hold else []}


def _problem(queue: Queue, read: QueueForm | None, backend: Backend) -> str | None:
    if queue.wrong_type is not None:
        return f"its key holds a {queue.wrong_type}, no list"
    if not queue.registered:
        return "not in the set of queues" + (", but paused" if queue.key is None else "")
    if is_unread(queue, read):
        return f"not read (jobctl queue adopt): {read_instead(queue, backend.layout)}"
    return None
