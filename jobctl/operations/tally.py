"""The counts of an operation, as its batches come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container

from jobctl.model.operation import Header, Outcome, read_result
from jobctl.operations.subject import Prepared

NAMED = 10  # failed jobs that a report names; the file tells of all
_MOVED = (Outcome.DONE, Outcome.MERGED)


class Tally:
    """What became of the jobs so far."""

    def __init__(self, header: Header) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.reasons: Counter[str] = Counter()
        self.moved: Counter[str] = Counter()
        self.left: Counter[int | None] = Counter()
        self.failed: list[int] = []  # the places of the first few
        self._header = header

    @property
    def done(self) -> int:
        """The jobs that were changed."""
        return self.outcomes[Outcome.DONE] + self.outcomes[Outcome.MERGED]

    @property
    def settled(self) -> int:
        """The jobs of which it is known what became of them."""
        return self.outcomes.total()

    def add(self, prepared: Prepared, result: str) -> None:
        """Take in the result of a batch."""
        self.reasons.update(prepared.reasons)
        self.left.update(prepared.left)
        self.outcomes[Outcome.FAILED] += len(prepared.failed)
        runs, reason = read_result(result)
        failing = prepared.failed or any(outcome is Outcome.FAILED for outcome, _ in runs)
        if failing and len(self.failed) < NAMED:
            found = prepared.places(result)[Outcome.FAILED]
            self.failed += found[: NAMED - len(self.failed)]
        at = 0
        for outcome, count in runs:
            self.outcomes[outcome] += count
            if prepared.ledger and outcome in _MOVED:
                for changes in prepared.ledger[at : at + count]:
                    self.moved.update(changes)
            elif outcome in _MOVED:
                self._book(outcome, count, prepared.queues[at : at + count])
            elif outcome is Outcome.FAILED:
                self.reasons[reason] += count
            at += count

    def _book(self, outcome: Outcome, count: int, queues: object) -> None:
        """Note by how much the structures changed."""
        kind, change = self._header.kind, self._header.change
        if change.in_place(kind):
            return
        self.moved[kind.value] -= count
        if change.to_queues:
            assert isinstance(queues, list)  # noqa: S101
            self.moved.update(Counter(f"queue:{name}" for name in queues))
        elif outcome is Outcome.DONE:
            target = change.target(kind)
            if target is not None:
                self.moved[target.value] += count


def is_touched(name: str, moved: Container[str]) -> bool:
    """Tell whether the ledger names a structure: a queue, or a state, only where it changed."""
    return name in moved or ":" not in name
