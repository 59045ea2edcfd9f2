"""How long jobs waited and ran, by their records, in groups."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, fsum

from jobctl.errors import Refused
from jobctl.model.jobba import Record, RecordState
from jobctl.model.jsontext import text_of
from jobctl.model.rows import Row
from jobctl.model.words import read_names

KEYS = ("job_name", "state")
MEASURES = ("min", "mean", "p50", "p95", "max")
MOST = 100_000  # groups that are held
_MICRO = 1_000_000
_ENDS = (RecordState.SUCCEEDED, RecordState.FAILED, RecordState.KILLED)


@dataclass(slots=True)
class Spans:
    """Spans of time in seconds, eight bytes each."""

    seconds: array[float] = field(default_factory=lambda: array("d"))
    negative: int = 0

    def take(self, start: int | None, end: int | None) -> None:
        """Take in the span between two times in microseconds, where both are known."""
        if start is None or end is None:
            return
        if end < start:
            self.negative += 1
        else:
            self.seconds.append((end - start) / _MICRO)

    def measures(self) -> dict[str, float | None]:
        """Return min, mean, p50, p95 and max, in seconds; None where there is nothing.

        pN is the shortest span that N percent of them do not exceed: one that was measured.
        """
        if not self.seconds:
            return dict.fromkeys(MEASURES)
        ordered = sorted(self.seconds)
        mean = round(fsum(ordered) / len(ordered), 6)
        found = (ordered[0], mean, _rank(ordered, 50), _rank(ordered, 95), ordered[-1])
        return dict(zip(MEASURES, found, strict=True))


@dataclass(slots=True)
class RecordGroup:
    """The records that have the same values.

    Attributes:
        values: under each key that was asked for; None where they have none.
        count: how many.
        waiting: from queued to started.
        running: from started to succeeded, failed or killed: whichever its state says.
    """

    values: dict[str, str | None]
    count: int = 0
    waiting: Spans = field(default_factory=Spans)
    running: Spans = field(default_factory=Spans)

    def take(self, record: Record) -> None:
        """Count a record, and measure what it has the times for."""
        self.count += 1
        started = record.microseconds("started_at")
        self.waiting.take(record.microseconds("queued_at"), started)
        state = record.state
        if state in _ENDS:
            self.running.take(started, record.microseconds(state.moment))

    def row(self) -> Row:
        """Return it under its JSON keys; times in seconds."""
        row: Row = {**self.values, "count": self.count}
        for name, spans in (("waiting", self.waiting), ("running", self.running)):
            row |= {f"{name}_{measure}": value for measure, value in spans.measures().items()}
        return row


@dataclass(frozen=True, slots=True)
class Durations:
    """All groups, the largest first.

    Attributes:
        negative: times that were left out: the clocks that stamped them differ.
    """

    groups: list[RecordGroup]
    negative: int


def read_keys(text: str) -> tuple[str, ...]:
    """Read what to group by: names with commas between them.

    Raises:
        UsageProblem: one of them is none.
    """
    return read_names("--by", text, KEYS)


def measure(records: Iterable[Record], by: Sequence[str]) -> Durations:
    """Count records by their values, and measure how long their jobs waited and ran.

    Records that lack the times are counted and add none.

    Args:
        records: read one by one, none is kept.
        by: the keys: job_name, state.

    Raises:
        Refused: there are more groups than anybody could read.
    """
    groups: dict[tuple[str | None, ...], RecordGroup] = {}
    for record in records:
        key = tuple(_value(record, name) for name in by)
        found = groups.get(key)
        if found is None:
            if len(groups) == MOST:
                raise Refused(
                    f"more than {MOST:,} groups", hint="group by less, or narrow the filter"
                )
            found = groups[key] = RecordGroup(dict(zip(by, key, strict=True)))
        found.take(record)
    return Durations(
        sorted(groups.values(), key=_order),
        sum(each.waiting.negative + each.running.negative for each in groups.values()),
    )


def _value(record: Record, name: str) -> str | None:
    if name == "job_name":
        return record.job_name
    said = record.values.get("state")
    return None if said is None else text_of(said)


def _order(each: RecordGroup) -> tuple[object, ...]:
    return (-each.count, *((value is None, value or "") for value in each.values.values()))


def _rank(ordered: list[float], percent: int) -> float:
    return ordered[ceil(len(ordered) * percent / 100) - 1]
