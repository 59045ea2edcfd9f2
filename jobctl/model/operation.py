"""An operation: what its file begins with, and what is noted of its batches."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from enum import StrEnum

from jobctl.errors import BadUrl, UsageProblem
from jobctl.model.change import Change
from jobctl.model.jobba import NAMESPACE, RecordLayout
from jobctl.model.jsontext import loads_own
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.removal import RemovedQueue
from jobctl.model.target import Address, Target
from jobctl.model.typed import typed

VERSION = 1
OPERATION_ID = re.compile(r"[0-9a-f]{8}")
_RUN = re.compile(r"([dtgf])(\d+)")


class Outcome(StrEnum):
    """What became of a job. The letters are those of redis/begin.lua."""

    DONE = "d"
    MERGED = "t"  # done, and the same member was there already
    GONE = "g"
    FAILED = "f"


@dataclass(frozen=True, slots=True)
class Rising:
    """Scores that rise from job to job: their order is kept, and Redis finds their place fast."""

    first: float
    step: float

    def at(self, index: int) -> float:
        """Return the score of a job, by its place in the order."""
        return self.first + self.step * index

    def after(self, count: int) -> Rising:
        """Return the scores behind so many jobs."""
        return Rising(self.at(count), self.step)


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of an operation's file.

    Attributes:
        operation: its id.
        kind: the set whose jobs are changed, or the records.
        change: the verb and how it is meant.
        server: the URL, without its password.
        identity: what ``jobctl:server`` held; None where there was none yet.
        where: the filter, as text.
        form: the form of the queues' lists, where jobs go to queues; noted once it is known.
        named: the queues there are that no Faktory server would make, by their names; likewise.
        who, host, argv: who asked, and how; no password in it.
        reason: why, as it was given.
        started_at: unix seconds by the server's clock.
        keep: whether the file stays when all is done.
        faktory: the Faktory server that is spoken to on the way, without its password.
        context: the name of the context it was made under, if there was one.
        queues: the queues that are removed, as they were.
        namespace: what stands before the keys of the records that are changed.
    """

    operation: str
    kind: Kind
    change: Change
    server: str
    identity: str | None = None
    where: str = ""
    form: QueueForm | None = None
    who: str = ""
    host: str = ""
    argv: tuple[str, ...] = ()
    reason: str | None = None
    started_at: float = 0.0
    keep: bool = True
    faktory: str | None = None
    context: str | None = None
    queues: tuple[RemovedQueue, ...] = ()
    namespace: str | None = None
    named: tuple[str, ...] = ()

    @property
    def record_layout(self) -> RecordLayout:
        """The keys of the records that are changed."""
        return RecordLayout(self.namespace or NAMESPACE)

    def document(self) -> dict[str, object]:
        """Return it as the JSON object of the first line."""
        return {"jobctl": VERSION} | asdict(self)

    @classmethod
    def read(cls, line: bytes) -> Header:
        """Read a first line.

        Raises:
            ValueError: it is not one that this jobctl understands; says what is wrong with it.
        """
        found = loads_own(line)
        if not isinstance(found, dict) or found.pop("jobctl", None) != VERSION:
            raise ValueError("the first line is no header")
        header: Header = typed(cls, found, "the header")
        header._check()
        return header

    def _check(self) -> None:
        """Check what the types do not say: the file may come from anybody.

        Raises:
            ValueError: it cannot be meant.
        """
        if OPERATION_ID.fullmatch(self.operation) is None:
            raise ValueError("its id is not eight hex digits")
        try:
            Target.parse(self.server)
            if self.faktory is not None:
                Address.parse(self.faktory)
            if not self.change.verb.row.on_queues:
                self.change.check(self.kind)
        except (BadUrl, UsageProblem) as error:
            raise ValueError(error.message) from None
        if self.change.verb.row.on_queues is not (self.kind is Kind.QUEUE):
            raise ValueError(f"{self.change.verb} does not go with {self.kind}")
        if self.change.rate is not None and self.change.rate <= 0:
            raise ValueError("its rate is not positive")
        if not all(queue.forms for queue in self.queues):
            raise ValueError("a queue of it has no list")


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is noted before it is sent: all that it needs to be sent again.

    Attributes:
        number: 1 is the first.
        start: place of its first job in the order of the operation.
        jobs: how many.
        scores: the scores they get, where they get any.
        moment: the ``enqueued_at`` they get, where they go to queues.
    """

    number: int
    start: int
    jobs: int
    scores: Rising | None = None
    moment: str | None = None


def read_result(text: str) -> tuple[list[tuple[Outcome, int]], str]:
    """Read a batch's result: runs of outcomes in the order of its jobs, and why some failed."""
    letters, _, reason = text.partition(" ")
    return [(Outcome(letter), int(count)) for letter, count in _RUN.findall(letters)], reason
