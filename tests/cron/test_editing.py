"""Edits of a file of cron entries: what is not touched keeps every byte."""

from __future__ import annotations

import tomllib

import pytest

from jobctl.cron.editing import NewEntry, entry_spans, read_file
from jobctl.errors import BadCronFile, UsageProblem
from tests.cron.directories import with_entry, without

PLAIN = b"""# What runs when. Ask ops before you change it.
[cron_plugin]
enabled = true

# The report of the day,
# before the office opens.
[[cron]]
schedule = "0 6 * * *"   # in UTC
[cron.job]
\ttype = 'Report'
# retry = 3

# --- mail ---

[[cron]]
  schedule = '''30 9 * * MON-FRI'''
  [cron.job]
    type = "Mail"
    args = [
      1, # one

      "two",
    ]
    [cron.job.custom]
    note = \"\"\"
# no comment

# either\"\"\"

# Sweeps
[[cron]]
schedule = "@daily"
job.type = "Sweep"
[[cron.job.args]]
days = 0x1e
"""
SHAPES = {
    "plain": PLAIN,
    "crlf": PLAIN.replace(b"\n", b"\r\n"),
    "bom": b"\xef\xbb\xbf" + PLAIN,
    "no-last-break": PLAIN.removesuffix(b"\n"),
    "crlf-no-last-break": PLAIN.removesuffix(b"\n").replace(b"\n", b"\r\n"),
    "blank-end": PLAIN + b"\n",
    "comment-end": PLAIN + b"\n# vim: ft=toml\n",
    "umlauts": PLAIN.replace(b"office", "B\u00fcro \u2028 \u65e5\u672c".encode()),
}
NEW = NewEntry("@hourly", {"type": "Ping", "args": [1, {"a": [{"b": "x\ny"}]}], "custom": {"t": 1}})


@pytest.fixture(params=SHAPES.values(), ids=list(SHAPES))
def raw(request) -> bytes:
    return request.param


def without_blanks(raw: bytes) -> list[bytes]:
    return [line for line in raw.split(b"\n") if line.strip()]


def data(raw: bytes) -> dict[str, object]:
    return tomllib.loads(raw.decode().removeprefix("\ufeff").replace("\r\n", "\n"))


def test_what_is_added_stands_behind_all_that_was_there_in_the_same_line_breaks(raw):
    new = with_entry(raw, NEW)
    assert new.startswith(raw)
    added = new[len(raw) :]
    assert (b"\r\n" in added) == (b"\r\n" in raw)
    assert added.count(b"\r\n") in (0, added.count(b"\n"))
    assert new.endswith(b"\n")
    assert not new.endswith(b"\n\n")
    assert data(new)["cron"] == [
        *data(raw)["cron"],
        {"schedule": "@hourly", "job": dict(NEW.job)},
    ]


def test_an_entry_that_was_added_goes_without_a_trace(raw):
    added = with_entry(raw, NewEntry("@hourly", {"type": "Ping"}, comment="For Ops\n\nonly"))
    back = without(added, [4])
    assert back.rstrip(b"\r\n") == raw.rstrip(b"\r\n")
    assert back.startswith(raw.rstrip(b"\r\n"))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_is_left_of_a_file_are_its_lines_but_those_of_the_entry(raw, number):
    new = without(raw, [number])
    cron = data(raw)["cron"]
    assert data(new) == {**data(raw), "cron": [c for i, c in enumerate(cron, 1) if i != number]}
    spans = [span for span in entry_spans(read_file("f", raw)) if span.entry == number]
    gone = {n for span in spans for n in range(span.first, span.last + 1)}
    kept = [line for n, line in enumerate(raw.split(b"\n"), 1) if n not in gone and line.strip()]
    assert without_blanks(new) == kept


def test_comments_go_with_an_entry_where_they_are_its_own():
    assert [(span.first, span.last) for span in entry_spans(read_file("f", PLAIN))] == [
        (5, 11),
        (15, 28),
        (30, 35),
    ]
    left = without(PLAIN, [1, 2, 3])
    assert left == (
        b"# What runs when. Ask ops before you change it.\n[cron_plugin]\nenabled = true\n\n"
        b"# --- mail ---\n"
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (b"# the head\n[[cron]]\nschedule='a'\n", b"# the head\n"),
        (b"# the head\n\n# its own\n[[cron]]\nschedule='a'\n", b"# the head\n"),
        (b"[x]\n\n# far\n\n[[cron]]\nschedule='a'\n", b"[x]\n\n# far\n"),
        (b"[[cron]]\nschedule='a'\n# old\n\n[x]\n", b"[x]\n"),
        (b"[[cron]]\nschedule='a'\n# of x\n[x]\n", b"# of x\n[x]\n"),
        (b"[[cron]]\nschedule='a'\n# inside\n[cron.job]\n[x]\n", b"[x]\n"),
        (b"[[cron]]\nschedule='a'\n\n\n\n[x]\n\n\n", b"[x]\n\n\n"),
        (b"[x]\n\n\n[[cron]]\nschedule='a'\n\n\n", b"[x]\n"),
        (b"[[cron]]\n[cron.job]\n[x]\ny=1\n[cron.job.custom]\nz=1\n[w]\n", b"[x]\ny=1\n[w]\n"),
        (b"[[cron]]", b""),
    ],
)  # fmt: skip
def test_what_stands_around_an_entry_stays_or_goes_by_a_rule(text, left):
    assert without(text, [1]) == left


@pytest.mark.parametrize(
    "raw",
    [
        b"cron = [{schedule = '@daily', job = {type = 'A'}}]\n",
        b"cron = [\n  {schedule = '@daily'},\n  {schedule = '@hourly'},\n]\n",
    ],
)
def test_entries_in_an_array_are_left_to_an_editor(raw):
    with pytest.raises(BadCronFile, match="nothing was changed") as caught:
        without(raw, [1])
    assert caught.value.hint
    with pytest.raises(BadCronFile, match="nothing was changed"):
        with_entry(raw, NEW)


@pytest.mark.parametrize(
    "raw", [b"[[cron]", b"\xff\xfe[\0", b"a = 1\na = 2\n", b"x = \r1", b"[[cron]]\n\xe4 = 1\n"]
)
def test_what_cannot_be_read_is_not_changed(raw):
    with pytest.raises(BadCronFile, match="f:"):
        with_entry(raw, NEW)
    with pytest.raises(BadCronFile, match="f:"):
        without(raw, [1])


def test_a_new_file_begins_with_the_entry_or_with_what_turns_the_plugin_on():
    entry = NewEntry("@daily", {"type": "A"})
    text = b'[[cron]]\nschedule = "@daily"\n\n[cron.job]\ntype = "A"\n'
    assert with_entry(b"", entry) == text
    assert with_entry(b"", entry, enable=True) == b"[cron_plugin]\nenabled = true\n\n" + text


@pytest.mark.parametrize(
    "entry",
    [
        NewEntry("@daily", {"type": "A"}, comment="a\x00b"),
        NewEntry("@daily", {"type": "A"}, comment="a\rb"),
        NewEntry("@daily", {"type": "\udcff"}),
    ],
)
def test_what_no_toml_can_hold_is_refused(entry):
    with pytest.raises(UsageProblem, match="TOML cannot hold"):
        with_entry(PLAIN, entry)


@pytest.mark.parametrize(
    "value",
    ['"', "\\", "\t", "\n", "\x7f", "\x1b[31m", "\u2028", "'''", '"""', "#", "\U0001f600"],
)  # fmt: skip
def test_any_text_comes_back_as_it_was_given(value):
    job = {"type": value, "args": [value, {value: [value]}], "custom": {value: {value: value}}}
    assert data(with_entry(PLAIN, NewEntry(value, job)))["cron"][3] == {
        "schedule": value,
        "job": job,
    }


def test_one_blank_line_parts_what_is_added_from_what_was_there(raw):
    new = with_entry(raw, NEW).replace(b"\r\n", b"\n")
    before = new[: new.rindex(b'[[cron]]\nschedule = "@hourly"')]
    assert before.endswith(b"\n\n")
    assert not before.endswith(b"\n\n\n")


def test_a_plugin_that_is_on_is_not_turned_on_again():
    assert with_entry(PLAIN, NEW, enable=True) == with_entry(PLAIN, NEW)
    with pytest.raises(UsageProblem, match="in line 1"):
        with_entry(b"[cron_plugin]\nenabled = false\n", NEW, enable=True)
