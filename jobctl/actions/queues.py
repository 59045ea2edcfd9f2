"""Queues: what they hold, how long it waits, who works on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

from jobctl.actions.deploy.processes import look_at_holds
from jobctl.actions.jobs import Store as JobStore
from jobctl.actions.listing import Order, sorted_by
from jobctl.errors import NotFound, Refused, Unreachable, WrongType
from jobctl.model.layout import QueueForm
from jobctl.model.pausing import Author, Hold
from jobctl.model.queue import Queue
from jobctl.model.rows import Row
from jobctl.model.times import score_time
from jobctl.model.words import did_you_mean
from jobctl.store.opening import Store

QUEUE_KEYS = (
    "queue", "size", "latency", "paused", "working", "form", "registered", "problem",
    "paused_by", "paused_at", "reason", "holders", "pending",
)  # fmt: skip


def queue_rows(store: JobStore) -> list[Row]:
    """Return a row per queue, by name. Latency in seconds, to the millisecond."""
    queues = store.queues.named()
    queues += store.queues.strays(queues)
    busy: Counter[str | None] = Counter()
    if store.working.key not in store.odd_keys():
        busy.update(entry.job.text("queue") for entry in store.working.walk())
    now = store.server.now()
    both = len({q.form for q in queues if q.key is not None}) == 2
    notes = store.pauses.notes()
    unread = pending_pauses(store, notes)
    holds = look_at_holds(store, sorted({q.name for q in queues}))
    return [
        _row(q, busy[q.name], now, both, store)
        | _pause(q, notes.get(q.name), holds.get(q.name))
        | _pending(unread.get(q.name) if q.paused else None)
        for q in sorted(queues, key=_order)
    ]


def pending_pauses(
    store: JobStore, notes: Mapping[str, Author] | None = None
) -> Mapping[str, bool]:
    """Return the queues that were paused for the next start of a server, which runs still.

    Of each whether that is known: where nothing tells when the server started, it may have read
    the pause since. `notes`: who paused which queue, where that was read already.
    """
    notes = store.pauses.notes() if notes is None else notes
    waiting = {name: author.at for name, author in notes.items() if author.at_restart}
    if not waiting or (store.faktory is None and store.server.job_server() is False):
        return {}
    started = _server_start(store)
    if started is None:
        return dict.fromkeys(waiting, False)
    return {name: True for name, at in waiting.items() if started <= at}


def _server_start(store: JobStore) -> float | None:
    """Return when the job server started, in unix seconds; None where nothing tells."""
    if store.faktory is not None:
        with suppress(Unreachable):
            uptime = store.faktory.info().uptime
            return None if uptime is None else store.server.now() - uptime
    return store.server.own_start()


def sort_rows(rows: list[Row], order: Order) -> list[Row]:
    """Return rows by a field, those without it last; without a field as they are (reversed)."""
    if order.field is None:
        return rows[::-1] if order.reverse else rows
    return list(sorted_by(((row[order.field], row) for row in rows), reverse=order.reverse))


def find_queues(store: Store, names: Sequence[str]) -> list[Queue]:
    """Return the queues of these names, in this order; both lists where there are two.

    Raises:
        NotFound: a name is no queue's; says which is near.
        WrongType: its key holds something else.
    """
    queues = store.queues.named()
    if not set(names) <= {q.name for q in queues}:
        queues += store.queues.strays(queues)
    found: list[Queue] = []
    for name in names:
        here = [q for q in queues if q.name == name]
        if not here:
            known = sorted({q.name for q in queues})
            hint = did_you_mean(name, known) if known else f"{store.target} has no queues"
            why = store.queues.unsearched
            more = f"; lists without a name were not looked for: {why}" if why else ""
            raise NotFound(f"there is no queue {name}{more}", hint=hint)
        for queue in here:
            if queue.wrong_type is not None:
                key = store.layout.queue_key(name, QueueForm.Q)
                raise WrongType(f"the key {key} holds a {queue.wrong_type}, no list of jobs")
        found += here
    return found


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


def _pending(known: bool | None) -> Row:
    """Return whether a pause waits for the server's next start; None: it does not."""
    if known is None:
        return {"pending": False}
    if known:
        return {"paused": False, "pending": True}
    doubt = "paused at the server's next start; --faktory-url tells whether that was since"
    return {"paused": None, "pending": True, "problem": doubt}


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
