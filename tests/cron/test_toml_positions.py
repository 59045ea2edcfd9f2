"""What the scanner finds is what tomllib reads, and it stands where the text has it."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from jobctl.cron.toml import Path, Spot, scan


def paths(value: object, path: Path = ()) -> set[Path]:
    found = {path} if path else set()
    if isinstance(value, dict):
        return found.union(*(paths(item, (*path, key)) for key, item in value.items()))
    if isinstance(value, list):
        return found.union(*(paths(item, (*path, i)) for i, item in enumerate(value)))
    return found


BARE = st.sampled_from(["a", "b", "cron", "job", "x-1", "9_"])
QUOTED = st.sampled_from(['"a"', "'b'", '"a b"', '"é"', r'"\u0061\t"', '"]"', "'#'", '""', '"="'])
KEYS = st.one_of(BARE, QUOTED)
BLANKS = st.sampled_from(["", " ", "\t "])
STRINGS = st.sampled_from([
    '"plain"', "'literal'", r'"es\"c\\"', '""', "''", '"# no comment"', '"a ] } , = b"',
    '"""\nmany\n"lines" of # it\n"""', '"""ends with quotes"""""', "'''it's\n[[no]]\n'''", '""""""',
    r'"""a \"""b\\"""', "'''''two'''''", '"""\\\n  folded"""', '"é漢"',
])  # fmt: skip
SCALARS = st.sampled_from([
    "1", "-3", "+1_000", "0xFF", "3.5", "1e3", "nan", "-inf", "true", "false",
    "1979-05-27T07:32:00Z", "1979-05-27 07:32:00.5", "1979-05-27", "07:32:00",
])  # fmt: skip


@st.composite
def dotted(draw: st.DrawFn) -> str:
    return (
        draw(BLANKS)
        .join(
            f"{draw(st.sampled_from(['', '.']))}{key}" if i == 0 else f".{draw(BLANKS)}{key}"
            for i, key in enumerate(draw(st.lists(KEYS, min_size=1, max_size=3)))
        )
        .removeprefix(".")
    )


def arrays(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    gaps = st.sampled_from(["", " ", "\n  ", " # why, [not] = {1}\n"])

    @st.composite
    def make(draw: st.DrawFn) -> str:
        items = draw(st.lists(inner, max_size=3))
        text = ",".join(f"{draw(gaps)}{item}{draw(gaps)}" for item in items)
        return f"[{text}{',' if items and draw(st.booleans()) else ''}{draw(gaps)}]"

    return make()


def tables(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(dotted(), BLANKS, inner), max_size=3)
    return pairs.map(lambda all_: "{" + ", ".join(f"{k}{b}={b}{v}" for k, b, v in all_) + " }")


VALUES = st.recursive(
    st.one_of(STRINGS, SCALARS), lambda inner: arrays(inner) | tables(inner), max_leaves=6
)
LINES = st.one_of(
    st.tuples(dotted(), BLANKS, VALUES).map(lambda t: f"{t[0]}{t[1]}={t[1]}{t[2]}"),
    st.tuples(BLANKS, dotted()).map(lambda t: f"{t[0]}[{t[0]}{t[1]}{t[0]}]{t[0]}# note"),
    st.tuples(BLANKS, dotted()).map(lambda t: f"[[{t[0]}{t[1]}]]"),
    st.sampled_from(["", "# a [comment] = 1", "  \t"]),
)


def valid(lines: list[str]) -> str:
    """Keep of the lines those that leave the document valid."""
    kept: list[str] = []
    for line in lines:
        try:
            tomllib.loads("\n".join([*kept, line]))
        except tomllib.TOMLDecodeError:
            continue
        kept.append(line)
    return "\n".join(kept)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(LINES, min_size=1, max_size=12))
def test_the_paths_are_those_that_tomllib_reads_outside_of_arrays_and_inline_tables(lines):
    text = valid(lines)
    assume(text.strip())
    found, all_paths = scan(text), paths(tomllib.loads(text))
    assert set(found.spots) <= all_paths
    values = {each.path for each in found.statements if not each.header}
    for path in all_paths.difference(found.spots):
        assert any(path[:length] in values for length in range(1, len(path)))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(LINES, min_size=1, max_size=12))
def test_every_value_can_be_read_again_where_it_is_said_to_stand(lines):
    text = valid(lines)
    rows = text.split("\n")
    whole = tomllib.loads(text)
    for path, spot in scan(text).spots.items():
        value: object = whole
        for step in path:
            value = value[step]
        if isinstance(value, str) and spot.plain:
            line = rows[spot.line - 1][spot.value_column :]
            assert line.startswith(value)
        elif type(value) is int:
            line = rows[spot.line - 1][spot.value_column - 1 :]
            assert str(value)[-1] in line or "x" in line


CRON = """\
[cron_plugin]
enabled = true

[[cron]]
schedule = "* * * * *" # each minute
  [cron.job]
  type = 'A'
  args = [
    1, # one
    "b",
  ]
[[cron]]
job.type = "B"
job.args = [{x = 1}]
"""


@pytest.mark.parametrize(
    ("path", "spot"),
    [
        (("cron_plugin",), Spot(1, 2, 2, header=True)),
        (("cron_plugin", "enabled"), Spot(2, 1, 11)),
        (("cron",), Spot(4, 3, 3, header=True)),
        (("cron", 0), Spot(4, 3, 3, header=True)),
        (("cron", 0, "schedule"), Spot(5, 1, 12, plain=True)),
        (("cron", 0, "job"), Spot(6, 9, 9, header=True)),
        (("cron", 0, "job", "type"), Spot(7, 3, 10, plain=True)),
        (("cron", 0, "job", "args", 1), Spot(8, 3, 10)),  # that of args
        (("cron", 1), Spot(12, 3, 3, header=True)),
        (("cron", 1, "job"), Spot(13, 1, 1)),
        (("cron", 1, "job", "args", 0, "x"), Spot(14, 5, 12)),
        (("nowhere",), Spot(1, 1, 1)),
    ],
)
def test_a_spot_is_where_the_key_and_its_value_stand(path, spot):
    assert scan(CRON).spot(path) == spot


def test_statements_say_which_table_they_fall_into():
    found = [(s.line, s.path, s.table, s.header) for s in scan(CRON).statements]
    assert found[1] == (2, ("cron_plugin", "enabled"), ("cron_plugin",), False)
    assert found[4] == (6, ("cron", 0, "job"), ("cron", 0, "job"), True)
    assert found[-1] == (14, ("cron", 1, "job", "args"), ("cron", 1), False)


@pytest.mark.parametrize("text", ["a = ", "[a", "a", "= 1", 'a = "', "a = [1", "a = {b"])
def test_what_is_no_toml_is_refused_with_one_kind_of_error(text):
    with pytest.raises(ValueError, match="not TOML"):
        scan(text)
