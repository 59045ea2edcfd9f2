"""Records and conditions for hypothesis: few values, so that they meet, and odd enough to part."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from jobctl.model.jobba import MOMENTS, RecordState
from jobctl.model.record import Record
from tests.builders import NOW

MICRO = 1_000_000
NOW_MICRO = int(NOW) * MICRO
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

# Three of them in one example, so that what is asked for is there.
texts = st.shared(
    st.lists(st.sampled_from(TEXTS), min_size=3, max_size=3), key="texts"
).flatmap(st.sampled_from)  # fmt: skip
moments = st.builds(
    lambda away, sign: NOW_MICRO + sign * away, st.sampled_from(AROUND), st.sampled_from((-1, 1))
)


def bare(text: str) -> bool:
    """Tell whether the filter language takes a value without quotes."""
    return bool(text) and not set(text) & set(' ,()"') and text[0] not in "=~<>!"


def spelled(text: str, *, quoted: bool) -> str:
    """Return a value as it can be typed."""
    return text if not quoted and bare(text) else json.dumps(text)


values = st.builds(
    lambda text, quoted: spelled(text, quoted=quoted),
    st.one_of(texts, st.sampled_from(NUMBERS).map(str)),
    st.booleans(),
)
several = st.lists(values, min_size=1, max_size=3).map(",".join)
times = st.sampled_from(TIMES)
states = st.lists(
    st.sampled_from((*RecordState, *GROUPS, "null")), min_size=1, max_size=3
).map(",".join)  # fmt: skip
ORDERS = ("<", "<=", ">", ">=")


@st.composite
def conditions(draw: st.DrawFn) -> str:
    """Draw one comparison."""
    sort = draw(st.sampled_from(("state", "named", "named", "path", "time", "time", "age", "rest")))
    if sort == "state":
        return "state" + draw(st.sampled_from(("=", "!="))) + draw(states)
    if sort == "named":
        field = draw(st.sampled_from(("job_name", "type", "job_arg", "provider_job_id", "id")))
        return field + draw(st.sampled_from(("=", "=", "=", "!="))) + draw(several)
    if sort == "path":
        return draw(st.sampled_from(("job_args.user=", 'job_args."odd key"='))) + draw(several)
    if sort == "time":
        field = draw(st.sampled_from((*MOMENTS, "kill_requested_at")))
        op = draw(st.sampled_from(("=", "!=", *ORDERS)))
        many = draw(st.lists(times, min_size=1, max_size=2))
        return f"{field}{op}{','.join(many)}"
    if sort == "age":
        return "age" + draw(st.sampled_from(ORDERS)) + draw(st.sampled_from(AGES))
    return draw(
        st.sampled_from(
            ("attempt>=1", "progress>0.5", "error~boom", "job_name~^I", "data.k=1", "job_arg!=a",
             "killed_at=null", "recorded_at=null", "started_at!=null", "job_name=null",
             "provider_job_id=null", "job_args.user=null", "state~ed$", "age=null", "age!=null")
        )
    )  # fmt: skip


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Draw compound expressions of parts."""
    some = st.lists(parts, min_size=2, max_size=3)
    return st.one_of(
        some.map(lambda many: "(" + " or ".join(many) + ")"),
        some.map(lambda many: "(" + " and ".join(many) + ")"),
        parts.map(lambda one: f"not ({one})"),
    )


expressions = st.recursive(conditions(), joined, max_leaves=4)
queries = st.lists(st.one_of(*[conditions()] * 4, expressions), min_size=1, max_size=4)


@st.composite
def hashes(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what a consistent record holds; its times may be missing or null."""
    state = draw(st.sampled_from(list(RecordState)))
    found: dict[str, Any] = {
        "id": draw(texts),
        "state": state.value,
        "progress": draw(st.sampled_from((0, 0.375, 1.0))),
        "errors": draw(st.sampled_from(([], ["boom"], ["x", {"code": 4}]))),
        "attempt": draw(st.integers(0, 2)),
    }
    for name in (*MOMENTS, "kill_requested_at"):
        found[name] = draw(st.one_of(moments, st.none()))
    found["job_name"] = draw(st.one_of(texts, st.none()))
    found["job_args"] = draw(
        st.dictionaries(st.sampled_from(("user", "odd key", "other")), texts, max_size=2)
    )
    found["provider_job_id"] = draw(st.one_of(texts, st.sampled_from(NUMBERS), st.none()))
    absent = draw(st.sets(st.sampled_from([*found.keys() - {"id", "state"}]), max_size=4))
    return {name: value for name, value in found.items() if name not in absent}


def read(found: dict[str, Any]) -> Record:
    """Return the record of a hash."""
    flat = [
        part
        for name, value in found.items()
        for part in (name.encode(), json.dumps(value, ensure_ascii=False).encode())
    ]
    return Record.read(found["id"], flat)
