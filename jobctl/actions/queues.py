"""Queues: what they hold, how long it waits, who works on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from jobctl.actions.jobs import Store as JobStore
from jobctl.actions.listing import Order, sorted_by
from jobctl.errors import NotFound, Refused, Unreachable, UsageProblem, WrongType
from jobctl.model.layout import QueueForm
from jobctl.model.pausing import Author, Hold
from jobctl.model.queue import Queue
from jobctl.model.rows import Row
from jobctl.model.times import score_time
from jobctl.model.words import did_you_mean
from jobctl.store.opening import Store

QUEUE_KEYS = (
    "queue", "size", "latency", "paused", "working", "form", "registered", "problem",
    "paused_by", "paused_at", "reason", "holders",
)  # fmt: skip


def queue_rows(store: Store) -> list[Row]:
    """Return a row per queue, by name. Latency in seconds, to the millisecond."""
    queues = store.queues.named()
    queues += store.queues.strays(queues)
    busy: Counter[str | None] = Counter()
    if store.working.key not in store.odd_keys():
        busy.update(entry.job.text("queue") for entry in store.working.walk())
    now = store.server.now()
    both = len({q.form for q in queues if q.key is not None}) == 2
    notes = store.pauses.notes()
    holds = store.pauses.holds(sorted({q.name for q in queues}), now)
    return [
        _row(q, busy[q.name], now, both, store) | _pause(q, notes.get(q.name), holds.get(q.name))
        for q in sorted(queues, key=_order)
    ]


def sort_rows(rows: list[Row], order: Order) -> list[Row]:
    """Return rows by a field, those without it last; without a field as they are (reversed)."""
    if order.field is None:
        return rows[::-1] if order.reverse else rows
    return list(sorted_by(((row[order.field], row) for row in rows), reverse=order.reverse))


def find_queues(store: Store, names: Sequence[str]) -> list[Queue]:
    """Return the queues of these names, in this order; both lists where there are two.

    Raises:
        NotFound: a name is no queue's; says which is near.
        UsageProblem: it is no queue's, and looks like a pattern.
        WrongType: its key holds something else.
    """
    queues = store.queues.named()
    if not set(names) <= {q.name for q in queues}:
        queues += store.queues.strays(queues)
    found: list[Queue] = []
    for name in names:
        here = [q for q in queues if q.name == name]
        if not here:
            refuse_pattern(name, "name each of them")
            known = sorted({q.name for q in queues})
            hint = did_you_mean(name, known) if known else f"{store.target} has no queues"
            raise NotFound(f"there is no queue {name}", hint=hint)
        for queue in here:
            if queue.wrong_type is not None:
                key = store.layout.queue_key(name, QueueForm.Q)
                raise WrongType(f"the key {key} holds a {queue.wrong_type}, no list of jobs")
        found += here
    return found


def refuse_pattern(name: str, way: str) -> None:
    """Refuse a name that is no queue's and was meant as a pattern; `way` is what to do instead.

    Raises:
        UsageProblem: it looks like one.
    """
    if any(c in name for c in "*?["):
        raise UsageProblem(f"there is no queue {name!r}, and names are no patterns", hint=way)


def layout_seen(queues: Sequence[Queue], store: Store) -> str | None:
    """Return which form of lists was seen: ``q``, ``bare`` or ``both``; else the one given."""
    forms = _forms(queues)
    if len(forms) == 2:
        return "both"
    if forms:
        return forms.pop().value
    return store.form.value if store.form is not None else None


def form_to_write(store: JobStore) -> QueueForm:
    """Return the form of lists that this server's workers read.

    The server is asked where it is known, and where lists of the newer form do not tell: a server
    of today on the data of an older one reads none of the old lists.

    Raises:
        Refused: nothing tells; a wrong guess would park jobs where no worker looks.
    """
    forms = _forms(store.queues.named())
    if QueueForm.Q in forms:
        return QueueForm.Q
    if not forms and store.form is not None:
        return store.form
    told, why = _form_told(store)
    if told is not None:
        return told
    if forms:
        return QueueForm.BARE
    raise Refused(
        f"no list tells in which form this server keeps its queues, q:NAME or NAME{why}",
        hint="say it: --layout q (Faktory 1.10 and later) or --layout bare (before)",
    )


def _forms(queues: Sequence[Queue]) -> set[QueueForm]:
    return {q.form for q in queues if q.key is not None and q.form is not None}


def _form_told(store: JobStore) -> tuple[QueueForm | None, str]:
    """Return the form that the server writes, else why it does not tell."""
    if store.faktory is None:
        return None, ""
    try:
        form = store.faktory.facts.form
    except Unreachable as error:
        return None, f"; {error}"
    return form, "; the server does not say its version"


def _order(queue: Queue) -> tuple[str, str]:
    return (queue.name, queue.form or "")


def _row(queue: Queue, working: int, now: float, both: bool, store: Store) -> Row:
    latency = queue.latency(now)
    form = queue.form or (None if both else store.form)
    return {
        "queue": queue.name,
        "size": queue.size,
        "latency": None if latency is None else round(latency, 3),
        "paused": queue.paused,
        # A reservation names its queue, not the list it came from: newer servers read q: lists.
        "working": None if both and queue.form is QueueForm.BARE else working,
        "form": None if form is None else form.value,
        "registered": queue.registered,
        "problem": _problem(queue, both),
    }


def _pause(queue: Queue, author: Author | None, hold: Hold | None) -> Row:
    """Return who paused a queue, when and why, as far as it was noted, and who holds it."""
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


def _problem(queue: Queue, both: bool) -> str | None:
    if queue.wrong_type is not None:
        return f"its key holds a {queue.wrong_type}, no list"
    if not queue.registered:
        return "not in the set of queues" + (", but paused" if queue.key is None else "")
    if both and queue.form == "bare":
        return f"an old list: servers from 1.10 on read q:{queue.name} only"
    return None
