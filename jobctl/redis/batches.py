"""The calls that change jobs: one script each, bounded, applied once, every key in KEYS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobctl.model.change import Change, Verb
from jobctl.model.operation import Rising
from jobctl.redis.connection import Command
from jobctl.redis.keys import KEPT, operation_key
from jobctl.redis.queues import encode_name
from jobctl.redis.scripts import script
from jobctl.systems.layout import Kind, Layout, QueueForm

Scores = Rising | Sequence[float]
Word = str | bytes | int | float

MOST = 500  # members of a call: well under 10 ms
BYTES = 1024 * 1024  # of a call


@dataclass(frozen=True, slots=True)
class Push:
    """Jobs of one batch that go to one queue: members, and what is pushed in their place."""

    queue: str
    members: Sequence[bytes]
    pushed: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where jobs were seen in a list: first and last index, both from the same end."""

    queue: str
    form: QueueForm
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Members, what they are in the place they are taken back from, and the scores they had."""

    members: Sequence[bytes]
    present: Sequence[bytes]
    scores: Sequence[float]


@dataclass(frozen=True, slots=True)
class Call:
    """One batch of an operation; makes the command that applies it, and answers its result."""

    layout: Layout
    operation: str
    number: str

    def claim(self, probe: str | bytes, claimant: bytes) -> Command:
        """Claim an operation, unless it is claimed: answers who has claimed it.

        Args:
            probe: a sorted set that the operation will remove members of.
            claimant: who claims it.
        """
        return self._eval("claim", [probe], claimant)

    def move(
        self,
        kinds: tuple[Kind, Kind],
        members: Sequence[bytes],
        scores: Scores,
        becoming: Sequence[bytes] = (),
    ) -> Command:
        """Move members from one set to another, where `becoming` is what they are from then on."""
        first, given = _scores(scores)
        keys = [self.layout.sets[kind] for kind in kinds]
        return self._eval("move", keys, *first, len(members), *members, *becoming, *given)

    def discard(self, kind: Kind, members: Sequence[bytes]) -> Command:
        """Remove members."""
        return self._eval("discard", [self.layout.sets[kind]], *members)

    def restore(self, kind: Kind, members: Sequence[bytes], scores: Sequence[float]) -> Command:
        """Put members back that were removed."""
        return self._eval("restore", [self.layout.sets[kind]], *members, *_texts(scores))

    def reschedule(
        self, kind: Kind, members: Sequence[bytes], scores: Scores, expected: Sequence[float] = ()
    ) -> Command:
        """Give members new scores; with single scores only those that have the expected one."""
        first, given = _scores(scores)
        return self._eval(
            "reschedule", [self.layout.sets[kind]], *first, *members, *given, *_texts(expected)
        )

    def requeue(
        self, kind: Kind, pushes: Sequence[Push], form: QueueForm, *, front: bool
    ) -> Command:
        """Move members to queues; the first of each runs first."""
        words: list[Word] = ["RPUSH" if front else "LPUSH"]
        for push in pushes:
            words += [encode_name(push.queue), len(push.members), *push.members, *push.pushed]
        return self._eval("requeue", self._lists(kind, [p.queue for p in pushes], form), *words)

    def probe(self, kind: Kind, queues: Sequence[str], form: QueueForm) -> Command:
        """Ask of each of these queues why it would not take a job, before any is taken away."""
        return self._eval("probe", self._lists(kind, queues, form), *map(encode_name, queues))

    def push(self, kind: Kind, pushes: Sequence[Push], form: QueueForm, result: str) -> Command:
        """Push jobs that have left their set already, the last of each to run first."""
        words: list[Word] = [result]
        for push in pushes:
            words += [encode_name(push.queue), len(push.pushed), *push.pushed]
        return self._eval("push", self._lists(kind, [p.queue for p in pushes], form), *words)

    def unqueue(
        self, kind: Kind, stretch: Stretch, taken: Taken, *, into: bytes | None = None
    ) -> Command:
        """Take jobs out of a stretch of a queue, back into the set they came from, or a list."""
        key = encode_name(self.layout.queue_key(stretch.queue, stretch.form))
        ends = (stretch.start, stretch.stop, len(taken.members))
        words = [*taken.present, *taken.members]
        target = self.layout.sets[kind] if into is None else into
        scores = _texts(taken.scores) if into is None else ()
        return self._eval("unqueue", [target, key], *ends, *words, *scores)

    def _lists(self, kind: Kind, queues: Sequence[str], form: QueueForm) -> list[str | bytes]:
        lists = [encode_name(self.layout.queue_key(name, form)) for name in queues]
        return [self.layout.sets[kind], self.layout.queues, *lists]

    def _eval(self, name: str, keys: Sequence[str | bytes], *words: Word) -> Command:
        keys = [operation_key(self.operation), *keys]
        return ("EVAL", script("begin", name), len(keys), *keys, self.number, KEPT, *words)


def script_of(change: Change, kind: Kind) -> tuple[str, ...]:
    """Return the script that carries out a change, as `script` takes it."""
    if change.verb is Verb.DELETE:
        return "begin", "record_delete"
    if kind is Kind.RECORDS:
        return "records", "begin", "record_marks"
    if change.to_queues:
        return "begin", "requeue"
    if change.in_place(kind):
        return "begin", "reschedule"
    moves = change.verb is Verb.KILL or change.to_scheduled
    return "begin", "move" if moves else "discard"


def _scores(scores: Scores) -> tuple[tuple[Word, Word], Sequence[str]]:
    """Return the two words that every call with scores begins with, and the single scores."""
    if isinstance(scores, Rising):
        return (repr(scores.first), repr(scores.step)), ()
    return ("", ""), _texts(scores)


def _texts(scores: Sequence[float]) -> list[str]:
    return [repr(score) for score in scores]
