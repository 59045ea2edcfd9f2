"""Queues: the forms of their lists, who paused them and why, and the leases of who holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from jobctl.model.entry import Job
from jobctl.model.jsontext import dumps, glance
from jobctl.model.layout import Layout, QueueForm
from jobctl.model.rows import Row
from jobctl.model.times import epoch, score_time
from jobctl.model.words import listed


@dataclass(frozen=True, slots=True)
class Queue:
    """A name and its list. A name with lists of both forms is two queues.

    Attributes:
        key: the list's key; None if there is no list.
        size: the jobs in it.
        registered: whether the name is in the set of queues.
        wrong_type: the type of the key if it is no list.
        head: the bytes of the job that runs next.
    """

    name: str
    form: QueueForm | None
    key: bytes | None
    size: int
    registered: bool
    paused: bool
    wrong_type: str | None = None
    head: bytes | None = None

    def latency(self, now: float, layout: Layout) -> float | None:
        """Return the seconds that the next job has waited; None if it does not tell."""
        if self.head is None:
            return None
        since = epoch(Job.decode(self.head, layout).listed("enqueued_at"))
        return None if since is None else max(0.0, now - since)


def forms_seen(queues: Iterable[Queue]) -> set[QueueForm]:
    """Return the forms of the existing lists."""
    return {queue.form for queue in queues if queue.key is not None and queue.form is not None}


def form_shown(queues: Iterable[Queue], told: QueueForm | None) -> str | None:
    """Return the form of the existing lists: ``q``, ``bare`` or ``both``; else the one told."""
    forms = forms_seen(queues)
    if len(forms) == 2:
        return "both"
    form = forms.pop() if forms else told
    return None if form is None else form.value


def is_unread(queue: Queue, read: QueueForm | None) -> bool:
    """Tell whether a list has the form that the server does not read."""
    return read is not None and queue.key is not None and queue.form is not read


def read_instead(queue: Queue, layout: Layout) -> str:
    """Return what is read instead of a list that is not read, for people."""
    (form,) = (form for form in layout.prefixes if form is not queue.form)
    return f"{layout.readers[form]} read {layout.queue_key(queue.name, form)} only"


_NAMED = 3  # queues


@dataclass(frozen=True, slots=True)
class RemovedQueue:
    """A queue as it was before it was removed.

    Attributes:
        name: its name.
        registered: whether it was in the set of queues.
        paused: whether it was in the set of paused ones.
        forms: the forms of its lists, at least one, also where there was no list.
        jobs: how many waited in them.
    """

    name: str
    registered: bool
    paused: bool
    forms: tuple[QueueForm, ...]
    jobs: int = 0

    def document(self) -> dict[str, object]:
        """Return it as it is noted."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Segment:
    """Jobs that stand one after the other in the file, and came from one list at one time.

    Attributes:
        queue: the queue.
        form: of its list.
        number: the call that put them aside; empty where Redis had forgotten it.
        jobs: how many.
        back: whether they went back to their queue, as its removal did not take.
    """

    queue: str
    form: QueueForm
    number: str
    jobs: int
    back: bool = False

    def document(self) -> dict[str, object]:
        """Return it as it is noted."""
        return asdict(self)


def shown_queues(names: Iterable[str]) -> str:
    """Return queues for people: ``queue a``, ``queues a, b and c``, ``.. and 7 more``."""
    known = list(names)
    if len(known) > _NAMED:
        return f"queues {listed(known, _NAMED)}"
    if len(known) < 2:
        return f"queue {''.join(known)}"
    return f"queues {', '.join(known[:-1])} and {known[-1]}"


VERSION = "1"  # of the leases; another one is left alone
STALE = 30.0  # seconds without a heartbeat after which a holder counts as dead
BEAT = 5.0  # seconds between two heartbeats


@dataclass(frozen=True, slots=True)
class Author:
    """Who did something and why, `at` unix seconds by the clock of Redis.

    With `at_restart` it takes effect at the next start of the job server.
    """

    who: str
    host: str
    at: float
    reason: str | None = None
    at_restart: bool = False

    def encode(self) -> bytes:
        """Return the JSON text that Redis keeps."""
        return dumps(self.fields() | ({"at_restart": True} if self.at_restart else {}))

    def fields(self) -> Row:
        """Return who, where, when and why, under their JSON keys."""
        return {"who": self.who, "host": self.host, "at": self.at, "reason": self.reason}

    @classmethod
    def decode(cls, text: bytes) -> Author | None:
        """Read the JSON text; None if it is not valid."""
        found = glance(text)
        if found is None:
            return None
        at, reason = found.get("at"), found.get("reason")
        return cls(
            who=str(found.get("who", "")),
            host=str(found.get("host", "")),
            at=float(at) if isinstance(at, int | float) else 0.0,
            reason=reason if isinstance(reason, str) else None,
            at_restart=found.get("at_restart") is True,
        )

    def __str__(self) -> str:
        return f"{self.who}@{self.host}"


@dataclass(frozen=True, slots=True)
class Lease:
    """One holder's claim on one queue.

    Attributes:
        ident: its id, the same on all queues of one hold.
        author: who holds it, since when and why.
        pid: the process that holds it, on the author's host.
        process: identifies that process on any machine; None if nothing does.
        command: the command that runs meanwhile.
        dead: whether its heartbeat has stopped.
        silent: seconds since the last heartbeat.
    """

    ident: str
    author: Author
    pid: int
    command: Sequence[str]
    dead: bool = False
    silent: float = 0.0
    process: str | None = None

    def encode(self) -> bytes:
        """Return the JSON text that Redis keeps."""
        own = {"pid": self.pid, "command": list(self.command), "process": self.process}
        return dumps(self.author.fields() | own)

    @classmethod
    def decode(cls, ident: str, text: bytes, *, silent: float) -> Lease:
        """Read the JSON text; fields that are missing or odd count as unknown.

        Args:
            ident: its id.
            text: the JSON text.
            silent: seconds since its last heartbeat.
        """
        found = glance(text) or {}
        author = Author.decode(text) or Author("?", "?", 0.0)
        pid, command, process = found.get("pid"), found.get("command"), found.get("process")
        words = [str(word) for word in command] if isinstance(command, list) else []
        number = pid if isinstance(pid, int) else 0
        name = process if isinstance(process, str) else None
        return cls(ident, author, number, words, silent > STALE, silent, name)

    def document(self) -> Row:
        """Return the lease under its JSON keys."""
        return {
            "who": self.author.who,
            "host": self.author.host,
            "pid": self.pid,
            "command": list(self.command),
            "reason": self.author.reason,
            "since": score_time(self.author.at),
            "dead": self.dead,
        }

    def __str__(self) -> str:
        """Return the holder, for people."""
        state = ", dead" if self.dead else ""
        return f"{self.author} (pid {self.pid}{state})"


@dataclass(frozen=True, slots=True)
class Holders:
    """The holders of one queue.

    Attributes:
        leases: the earliest first.
        paused_before: whether the queue was paused before the first of them, and so stays paused.
        leaving: whether the last holder is just resuming the queue.
        other_version: a version of leases that this jobctl does not know; they are left alone.
    """

    leases: tuple[Lease, ...] = ()
    paused_before: bool = False
    leaving: bool = False
    other_version: str | None = None

    def __bool__(self) -> bool:
        return bool(self.leases) or self.other_version is not None

    @property
    def dead(self) -> bool:
        """Whether all holders are dead."""
        return bool(self.leases) and all(lease.dead for lease in self.leases)

    def __str__(self) -> str:
        """Return who holds it, for people."""
        if self.other_version is not None:
            return f"another version of jobctl ({self.other_version})"
        return ", ".join(map(str, self.leases))

    @classmethod
    def read(cls, found: Mapping[bytes, bytes], now: float) -> Holders:
        """Read the hash that Redis keeps; `now` in unix seconds by its clock."""
        if not found:
            return cls()
        version = found.get(b"v", b"").decode("utf-8", "replace")
        if version != VERSION:
            return cls(other_version=version or "?")
        beats = {field[5:]: _number(text) for field, text in found.items() if field[:5] == b"beat:"}
        leases = [
            Lease.decode(
                field[6:].decode("utf-8", "replace"),
                text,
                silent=now - beats.get(field[6:], 0.0),
            )
            for field, text in found.items()
            if field[:6] == b"lease:"
        ]
        leaver = found.get(b"leaving", b"")
        return cls(
            tuple(sorted(leases, key=lambda lease: (lease.author.at, lease.ident))),
            found.get(b"before") == b"1",
            bool(leaver) and now - beats.get(leaver, 0.0) <= STALE,
        )


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
