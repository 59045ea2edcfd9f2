"""A job as its system wrote it: the decoded payload, read through a layout."""

from __future__ import annotations

from dataclasses import dataclass

from jobctl.model import jsontext
from jobctl.model.json_edits import replacer
from jobctl.model.layout import Layout, Path

_TIMES = ("created_at", "enqueued_at", "failed_at")


@dataclass(frozen=True, slots=True)
class Job:
    """A decoded payload. `payload` is None where the member is malformed."""

    payload: dict[str, object] | None
    layout: Layout

    @classmethod
    def decode(cls, raw: bytes, layout: Layout) -> Job:
        """Decode a member; what is not a JSON object is malformed, never an error."""
        return cls(read_object(raw), layout)

    @property
    def malformed(self) -> bool:
        """Whether there is no payload to speak of."""
        return self.payload is None

    def get(self, field: str) -> object:
        """Return a listing field as it stands in the payload; None when absent."""
        if field == "class":
            return None if self.payload is None else real_class(self.payload, self.layout)
        return dig(self.payload, self.layout.fields[field])

    def text(self, field: str) -> str | None:
        """Return a listing field as text, whatever its JSON type; None when absent."""
        value = self.get(field)
        return None if value is None else jsontext.text_of(value)

    def word(self, field: str) -> str | None:
        """Return a listing field as text if it is a string, number or boolean; None otherwise."""
        return None if isinstance(self.get(field), dict | list) else self.text(field)

    def listed(self, field: str) -> object:
        """Return a listing field for output: times in UTC, the rest as it stands."""
        value = self.get(field)
        return self.layout.utc(value) if field in _TIMES else value

    def listing(self) -> dict[str, object]:
        """Return every listing field for output, in one go."""
        payload = self.payload or {}
        row = {
            field: payload.get(path[0]) if len(path) == 1 else dig(payload, path)
            for field, path in self.layout.fields.items()
        }
        for field in _TIMES:
            row[field] = self.layout.utc(row[field])
        row["class"] = real_class(payload, self.layout)
        return row

    @property
    def failed(self) -> bool:
        """Whether it tells of a failure, in whatever form."""
        return dig(self.payload, self.layout.failure) is not None

    @property
    def retries_used(self) -> int | None:
        """How often it was retried; None when it never failed or does not say."""
        count = self.get("retry_count")
        return count if isinstance(count, int) and not isinstance(count, bool) else None

    @property
    def retries_allowed(self) -> int:
        """How often it may be retried; the system's default where the job does not say."""
        return self.layout.retries_allowed(self.get("retry"))


def read_object(raw: bytes) -> dict[str, object] | None:
    """Decode a JSON object; None when it is anything else."""
    try:
        value = jsontext.loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def glance(raw: bytes) -> dict[str, object] | None:
    """Decode a JSON object for its shape and texts, faster: its long numbers may be rounded."""
    try:
        value = jsontext.loads_own(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def retries_left(payload: dict[str, object], layout: Layout) -> int | None:
    """Return how often a job that failed may still be retried; None for one that never failed.

    0: its next failure sends it to dead, or ends it.
    """
    if dig(payload, layout.failure) is None:
        return None
    used = dig(payload, layout.fields["retry_count"])
    allowed = layout.retries_allowed(dig(payload, layout.fields["retry"]))
    return max(0, allowed - used) if type(used) is int else max(0, allowed)


def name_queue(raw: bytes, queue: str, layout: Layout) -> bytes:
    """Return the bytes of a job that names this queue; every other byte as it was."""
    payload = read_object(raw)
    (key,) = layout.fields["queue"]
    if payload is None or payload.get(key) == queue:
        return raw
    return replacer(key)(raw, payload, jsontext.dumps(queue))


def real_class(payload: dict[str, object], layout: Layout) -> object:
    """Return the class of the job: that of a job in ActiveJob's wrapper, else the jobtype."""
    for path in layout.wrapped:
        found = dig(payload, path)
        if isinstance(found, str) and found:
            return found
    return dig(payload, layout.fields["jobtype"])


def dig(value: object, path: Path) -> object:
    """Return what is at a path of keys and positions; None where any step is missing."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            return None
    return value
