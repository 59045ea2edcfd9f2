"""Random records and conditions: few values, so that they meet, and odd enough to part."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from jobctl.model.jobba import MOMENTS, RecordState
from tests.builders import NOW

MICRO = 1_000_000
TEXTS = (
    "Import", "Send:Mail", "a", "A", "", "42", "42.0", "4.2e1", "-0", "0", "-7", "007", "null",
    "true", "1,2", "two words", "Zoë", "日本", "id:a:0", 'a "quote"', "a\\b", "completed", "x(y)",
    "2026-09-21T14:13:20Z",
)  # fmt: skip
NUMBERS = (0, 42, -7, 7, 12345678901234567890)
AROUND = (
    0, 1, 5, 999_999, MICRO, 60 * MICRO, 60 * MICRO + 1, 3600 * MICRO, 86_400 * MICRO,
)  # fmt: skip
TIMES = (
    "2026-09-21T14:13:20Z", "2026-09-21T14:13:19.999999Z", "2026-09-21T14:13:20.0000005Z",
    "2026-09-21T16:13:20.000001+02:00", "-1m", "+60s", "-1h", "-1d", "1790000000", "1790000000.5",
    "1790000000000005", "1789999940000001", "0", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z",
)  # fmt: skip
AGES = ("0s", "1s", "1m", "60s", "1h", "1d", "90s", "500ms")
GROUPS = ("completed", "incomplete", "enqueued", "working", "success")
ORDERS = ("<", "<=", ">", ">=")
REST = (
    "attempt>=1", "progress>0.5", "error~boom", "job_name~^I", "data.k=1", "job_arg!=a",
    "killed_at=null", "recorded_at=null", "started_at!=null", "job_name=null",
    "provider_job_id=null", "job_args.user=null", "state~ed$", "age=null", "age!=null",
)  # fmt: skip


def spelled(text: str, *, quoted: bool) -> str:
    """Return a value as it can be typed: with quotes where the filter language needs them."""
    bare = bool(text) and not set(text) & set(' ,()"') and text[0] not in "=~<>!"
    return text if bare and not quoted else json.dumps(text)


class Example:
    """Records, and queries that have to do with them: they share three texts."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.texts = self.rng.choices(TEXTS, k=3)

    def record(self) -> dict[str, Any]:
        """Return what a consistent record holds; its times may be missing or null."""
        rng = self.rng
        found: dict[str, Any] = {
            "id": rng.choice(self.texts),
            "state": rng.choice(list(RecordState)).value,
            "progress": rng.choice((0, 0.375, 1.0)),
            "errors": rng.choice(([], ["boom"], ["x", {"code": 4}])),
            "attempt": rng.randint(0, 2),
        }
        for name in (*MOMENTS, "kill_requested_at"):
            moment = int(NOW) * MICRO + rng.choice((-1, 1)) * rng.choice(AROUND)
            found[name] = rng.choice((moment, None))
        found["job_name"] = rng.choice((rng.choice(self.texts), None))
        named = rng.sample(("user", "odd key", "other"), rng.randint(0, 2))
        found["job_args"] = {name: rng.choice(self.texts) for name in named}
        found["provider_job_id"] = rng.choice((rng.choice(self.texts), rng.choice(NUMBERS), None))
        absent = rng.sample(sorted(found.keys() - {"id", "state"}), rng.randint(0, 4))
        return {name: value for name, value in found.items() if name not in absent}

    def query(self) -> list[str]:
        """Return expressions that must all hold."""
        makes = (*(self.condition,) * 4, self.expression)
        return [self.rng.choice(makes)() for _ in range(self.rng.randint(1, 4))]

    def expression(self, depth: int = 2) -> str:
        """Return a compound expression."""
        part = self.expression if depth and self.rng.random() < 0.3 else self.condition
        parts = [part(depth - 1) if part == self.expression else part() for _ in range(3)]
        joined = self.rng.choice((" or ", " and ", ""))
        if not joined:
            return f"not ({parts[0]})"
        return "(" + joined.join(parts[: self.rng.randint(2, 3)]) + ")"

    def condition(self) -> str:
        """Return one comparison."""
        rng = self.rng
        sort = rng.choice(("state", "named", "named", "path", "time", "time", "age", "rest"))
        if sort == "state":
            return (
                "state" + rng.choice(("=", "!=")) + self._several((*RecordState, *GROUPS, "null"))
            )
        if sort == "named":
            field = rng.choice(("job_name", "type", "job_arg", "provider_job_id", "id"))
            return field + rng.choice(("=", "=", "=", "!=")) + self._values()
        if sort == "path":
            return rng.choice(("job_args.user=", 'job_args."odd key"=')) + self._values()
        if sort == "time":
            field = rng.choice((*MOMENTS, "kill_requested_at"))
            return field + rng.choice(("=", "!=", *ORDERS)) + self._several(TIMES, most=2)
        if sort == "age":
            return "age" + rng.choice(ORDERS) + rng.choice(AGES)
        return rng.choice(REST)

    def _several(self, values: tuple[str, ...], most: int = 3) -> str:
        return ",".join(self.rng.choices(values, k=self.rng.randint(1, most)))

    def _values(self) -> str:
        words = tuple(
            spelled(text, quoted=self.rng.random() < 0.5)
            for text in (*self.texts, str(self.rng.choice(NUMBERS)))
        )
        return self._several(words)
