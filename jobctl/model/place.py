"""Where a job was seen."""

from __future__ import annotations

from dataclasses import dataclass

from jobctl.systems.layout import Kind, QueueForm


@dataclass(frozen=True, slots=True)
class Place:
    """A structure, and for a queue its name, list form and the job's position (0 = runs next).

    A position is as of one instant: queues move.
    """

    kind: Kind
    queue: str | None = None
    position: int | None = None
    form: QueueForm | None = None

    @property
    def title(self) -> str:
        """Return its name for people: ``retries``, ``queue default``."""
        return f"queue {self.queue}" if self.kind is Kind.QUEUE else self.kind.value
