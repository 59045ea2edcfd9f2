"""A queue, and which of the forms that its list can have is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from jobctl.model.entry import Job
from jobctl.model.layout import Layout, QueueForm
from jobctl.model.times import epoch
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
