"""Find the queues that names and patterns select, and list queues."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobctl.errors import NotFound, UsageProblem, WrongType
from jobctl.filter.patterns import compile_glob
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.queue import Author, Holders, Queue, forms_seen, is_unread, read_instead
from jobctl.model.rows import Row, SortOrder, sorted_by
from jobctl.model.times import score_time
from jobctl.model.words import did_you_mean
from jobctl.queues.holders import find_holders, pending_pauses
from jobctl.redis.pauses import QueueNames

if TYPE_CHECKING:
    from jobctl.backend import Backend


ALL = "*"
_SHOWN = 20  # names in a hint


@dataclass(frozen=True, slots=True)
class Naming:
    """Queues as the user names them: names, ``*`` alone for all, and globs."""

    names: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()

    def check(self) -> None:
        """Check it without a connection.

        Raises:
            UsageProblem: no queue is named, or a name is empty.
        """
        if not self.names and not self.globs:
            raise UsageProblem("which queue?", hint="name queues, or '*' for all of them")
        if "" in self.globs:
            raise UsageProblem("--glob is empty", hint="'*' as a name means all queues")
        if ALL in self.names and (len(self.names) > 1 or self.globs):
            raise UsageProblem("'*' means all queues: name no other beside it")
        if "" in self.names:
            raise UsageProblem("'' is no name of a queue")

    @property
    def everything(self) -> bool:
        """Whether all queues are meant."""
        return self.names == (ALL,)

    def words(self) -> str:
        """Return it as it can be typed again."""
        return shlex.join(
            (*self.names, *(word for glob in self.globs for word in ("--glob", glob)))
        )


@dataclass(frozen=True, slots=True)
class SelectedQueues:
    """The queues that names and patterns select.

    Attributes:
        names: in the order given; those of a pattern, or all queues, sorted.
        everything: whether all queues are selected, also any that are not known here.
        paused: those in the set of paused queues; None if that cannot be seen.
        unsure: names that may be no queue's, as the server does not list its queues.
    """

    names: list[str]
    everything: bool
    paused: frozenset[str] | None = None
    unsure: list[str] = field(default_factory=list)


def select_queues(
    backend: Backend, naming: Naming, *, also_paused: bool = False, told: bool = False
) -> SelectedQueues:
    """Return the selected queues among those that the Redis, or else the server, knows.

    Args:
        backend: what it works on.
        naming: names and patterns.
        also_paused: whether names that are only in the set of paused queues count.
        told: whether the server will be told each of them.

    Raises:
        NotFound: a name is no queue's; says which is near.
        UsageProblem: it is no queue's, and looks like a pattern.
        Refused: the server cannot be told a name.
    """
    naming.check()
    if not backend.has_redis:
        selected = _by_wire(backend, naming)
        told = not naming.everything
    else:
        selected = _by_redis(backend, naming, also_paused=also_paused)
    if told:
        backend.system.check_sendable(selected.names)
    return selected


def _by_redis(backend: Backend, naming: Naming, *, also_paused: bool) -> SelectedQueues:
    sets = backend.pauses.names()
    known = sets.known | sets.paused if also_paused else sets.known
    names = _chosen(naming, known)
    missing = [name for name in names if name not in sets.known | sets.paused]
    if missing:
        missing = [name for name in missing if not _listed(backend, name)]
        _refuse_unknown(missing, sets, backend)
    return SelectedQueues(names, naming.everything, sets.paused)


def _by_wire(backend: Backend, naming: Naming) -> SelectedQueues:
    assert backend.faktory is not None  # noqa: S101 (the one or the other is known)
    queues = backend.faktory.info().queues
    if queues is None:  # an old server: it counts its queues, and does not name them
        if naming.globs:
            raise UsageProblem(f"{backend.address} does not list its queues: no patterns there")
        return SelectedQueues(list(naming.names), naming.everything, unsure=list(naming.names))
    names = _chosen(naming, queues)
    missing = [name for name in names if name not in queues]
    _refuse_unknown(missing, QueueNames(frozenset(queues), frozenset()), backend)
    return SelectedQueues(names, naming.everything)


def _chosen(naming: Naming, known: Iterable[str]) -> list[str]:
    if naming.everything:
        return sorted(known)
    names = list(naming.names)
    for glob in naming.globs:
        matches = compile_glob(_bytes(glob)).fullmatch
        names += sorted(name for name in known if matches(_bytes(name)))
    return list(dict.fromkeys(names))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _listed(backend: Backend, name: str) -> bool:
    """Tell whether there is a list of that name although no set has it."""
    layout = backend.layout  # a bare key may be anybody's
    forms = layout.queue_forms(name) if layout.is_queue_name(name) else (QueueForm.Q,)
    return any(backend.queues.at(name, form) for form in forms)


def _refuse_unknown(missing: Sequence[str], sets: QueueNames, backend: Backend) -> None:
    if not missing:
        return
    refuse_pattern(missing[0], f"--glob '{missing[0]}' takes a pattern; '*' alone means all queues")
    names = sorted(sets.known | sets.paused)
    hint = f"{backend.address} has no queues"
    if names:
        hint = did_you_mean(missing[0], names)
        if hint.startswith("one of") and len(names) > _SHOWN:
            hint = f"{len(names):,} queues are there: jobctl queue ls"
    more = f" (nor {', '.join(missing[1:_SHOWN])})" if len(missing) > 1 else ""
    raise NotFound(f"there is no queue {missing[0]}{more}; nothing was changed", hint=hint)


def find_queues(backend: Backend, names: Sequence[str]) -> list[Queue]:
    """Return the queues of these names, in this order; both lists if there are two.

    Raises:
        NotFound: a name is no queue's; says which is near.
        UsageProblem: it is no queue's, and looks like a pattern.
        WrongType: its key holds something else.
    """
    queues = backend.queues.named()
    if not set(names) <= {q.name for q in queues}:
        queues += backend.queues.strays(queues)
    found: list[Queue] = []
    for name in names:
        here = [q for q in queues if q.name == name]
        if not here:
            refuse_pattern(name, "name each of them")
            known = sorted({q.name for q in queues})
            hint = did_you_mean(name, known) if known else f"{backend.target} has no queues"
            why = backend.queues.unsearched
            more = f"; lists without a name were not looked for: {why}" if why else ""
            raise NotFound(f"there is no queue {name}{more}", hint=hint)
        for queue in here:
            if queue.wrong_type is not None:
                key = backend.layout.queue_key(name, QueueForm.Q)
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
