"""Edits of documents that were put together at random."""

from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from jobctl.cron.editing import NewEntry
from jobctl.errors import BadCronFile
from tests.cron.directories import with_entry, without

PIECES = [
    "# c\n", "\n", "  # in\n", "\t\n", "[[cron]]\n", "[[ cron ]] # x\n", '[["cron"]]\n',
    "schedule = '@daily'\n", 'schedule = """\n# [[cron]]\n\n"""\n', "[cron.job]\n",
    ' [ cron . "job" ]\n', 'type = "A"\n', "args = [\n1, # z\n# [[cron]]\n]\n",
    "[[cron.job.args]]\n", "x = 1\n", "[other]\n", "[other.b]\n", "[[arr]]\n",
    "[cron.job.custom]\n", 'job.type = "x"\n', "k = '''\n[[cron]]'''\n",
    'd = {e = [1, {f = "#"}]}\n',
]  # fmt: skip
NEW = NewEntry("@daily", {"type": "Z", "custom": {"a": 1}}, comment="why")


def valid(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


@st.composite
def documents(draw, begin: str = "") -> bytes:
    text = begin
    for piece in draw(st.lists(st.sampled_from(PIECES), max_size=16)):
        text += piece if valid(text + piece) else ""
    text = draw(st.sampled_from([text, text.rstrip("\n")]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))).encode()


def entries(raw: bytes) -> list[object]:
    found = tomllib.loads(raw.decode().replace("\r\n", "\n")).get("cron", [])
    return found if isinstance(found, list) else []


@settings(max_examples=300, deadline=None)
@given(documents())
def test_what_is_added_stands_at_the_end_and_can_be_taken_out_again(raw):
    try:
        new = with_entry(raw, NEW)
    except BadCronFile:
        assert isinstance(tomllib.loads(raw.decode().replace("\r\n", "\n"))["cron"], dict)
        return
    assert new.startswith(raw)
    back = without(new, [len(entries(new))])
    assert back.rstrip() == raw.rstrip() or not raw.strip()


@settings(max_examples=300, deadline=None)
@given(documents("[[cron]]\n"), st.data())
def test_what_is_taken_out_are_whole_lines_and_the_others_stay_in_order(raw, data):
    count = len(entries(raw))
    numbers = data.draw(st.sets(st.integers(1, count), min_size=1))
    new = without(raw, sorted(numbers))
    lines = iter(raw.split(b"\n"))
    kept = new.removesuffix(b"\n").split(b"\n") if new else []
    assert all(any(line == old for old in lines) for line in kept)
    assert len(entries(new)) == count - len(numbers)
