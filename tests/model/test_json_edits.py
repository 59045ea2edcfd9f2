"""One key of a payload is edited, and every other byte stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.model.jsontext import inside, read_object, replacer, without
from tests.builders import failed, job

KEY = "enqueued_at"
replaced = replacer(KEY)
NEW = b'"2026-09-21T14:13:20Z"'
SPELLED = ['"enqueued_at"', '"enqueued_\\u0061t"', '"\\u0065nqueued_at"']
OTHER = ['"jid"', '"args"', '"Enqueued_At"', '"enqueued_at "', '"a\\"enqueued_at\\""', '""']

space = st.text(" \t\n\r", max_size=2)


def spaced(*parts):
    return st.tuples(
        *[st.tuples(space, st.just(p) if isinstance(p, str) else p) for p in parts]
    ).map(lambda found: "".join(before + text for before, text in found))


leaf = st.sampled_from([
    "null", "true", "-0", "1e400", "12345678901234567890", "0.10", '""', '"a\\\\"',
    '"\\ud83d\\ude00"',
    '"enqueued_at"', '"\\"enqueued_at\\":\\"x\\""', '"Zoë"', '"}"', '"],{"',
    '"\\u007d"', '"\\ud800"',
    '"2026-09-21T14:00:01.5Z"',
])  # fmt: skip


def containers(inner):
    keys = st.sampled_from([*SPELLED, *OTHER, '"failure"'])
    pair = st.tuples(space, keys, space, space, inner, space).map(
        lambda p: f"{p[0]}{p[1]}{p[2]}:{p[3]}{p[4]}{p[5]}"
    )
    objects = st.lists(pair, max_size=5).map(lambda pairs: "{" + ",".join(pairs) + "}")
    arrays = st.lists(inner, max_size=3).map(lambda items: "[ " + " , ".join(items) + "]")
    return st.one_of(objects, arrays)


objects = (
    st.recursive(leaf, containers, max_leaves=12)
    .filter(lambda text: text.startswith("{"))
    .map(lambda text: text.encode("utf-8"))
)
ugly = st.builds(lambda a, text, b: a.encode() + text + b.encode(), space, objects, space)


def pairs(raw):
    """Every top-level key and value, duplicates too, numbers as their text."""
    return json.JSONDecoder(object_pairs_hook=list, parse_float=str, parse_int=str).decode(
        raw.decode("utf-8-sig").strip()
    )


@given(ugly)
def test_a_value_is_replaced_and_every_other_byte_stays(raw):
    payload = read_object(raw)
    edited = replaced(raw, payload, NEW)
    cut = edited.rindex(NEW) if KEY not in payload else None
    before, after = pairs(raw), pairs(edited)
    if cut is not None:
        added = b',"enqueued_at":' if payload else b'"enqueued_at":'
        assert edited[: cut - len(added)] + edited[cut + len(NEW) :] == raw
        assert after == [*before, (KEY, json.loads(NEW))]
        return
    last = max(i for i, (key, _) in enumerate(before) if key == KEY)
    assert after == [*before[:last], (KEY, json.loads(NEW)), *before[last + 1 :]]
    assert replaced(edited, read_object(edited), b'"x"') == replaced(raw, payload, b'"x"')


@given(ugly)
def test_only_the_bytes_of_the_value_differ(raw):
    payload = read_object(raw)
    one, two = (replaced(raw, payload, value) for value in (b"1", b"2"))
    at = [i for i, (a, b) in enumerate(zip(one, two, strict=True)) if a != b]
    assert len(at) == 1
    prefix, suffix = one[: at[0]], one[at[0] + 1 :]
    if KEY in payload:
        assert raw.startswith(prefix)
        assert raw.endswith(suffix)
        assert len(prefix) + len(suffix) < len(raw)


@given(ugly)
def test_a_key_is_taken_out_with_its_comma(raw):
    payload = read_object(raw)
    edited = without(raw, payload, KEY)
    assert pairs(edited) == [pair for pair in pairs(raw) if pair[0] != KEY]
    if KEY not in payload:
        assert edited == raw


@given(ugly)
def test_with_escapes_or_without_them_the_result_is_the_same(raw):
    payload = read_object(raw)
    plain = replaced(raw, payload, NEW)
    # A space behind the object with an escape in a text of its own makes it look closely.
    wrapped = raw.rstrip()[:-1] + (b"," if payload else b"") + b'"z":"\\u0041"}'
    careful = replaced(wrapped, read_object(wrapped), NEW)
    if KEY in payload:
        assert careful == plain.rstrip()[:-1] + b',"z":"\\u0041"}'


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"{}", b'{"enqueued_at":1}'),
        (b" { } ", b' { "enqueued_at":1} '),
        (b'{"a":1 }', b'{"a":1 ,"enqueued_at":1}'),
        (b'{"enqueued_at":null}', b'{"enqueued_at":1}'),
        (b'{"enqueued_at" : "x\\"y" , "a":2}', b'{"enqueued_at" : 1 , "a":2}'),
        (b'{"enqueued_at":{"enqueued_at":[]},"a":2}', b'{"enqueued_at":1,"a":2}'),
        (b'{"enqueued_at":"a","enqueued_at":"b"}', b'{"enqueued_at":"a","enqueued_at":1}'),
        (b'{"custom":{"enqueued_at":"x"}}', b'{"custom":{"enqueued_at":"x"},"enqueued_at":1}'),
        (
            b'{"args":["enqueued_at"],"enqueued_at":"x"}',
            b'{"args":["enqueued_at"],"enqueued_at":1}',
        ),
        (b'\xef\xbb\xbf{"enqueued_at":"x"}', b'\xef\xbb\xbf{"enqueued_at":1}'),
    ],
)
def test_examples(raw, expected):
    assert replaced(raw, read_object(raw), b"1") == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"failure":1}', b"{}"),
        (b'{ "failure" : {} }', b"{  }"),
        (b'{"a":1,"failure":{"x":[1]}}', b'{"a":1}'),
        (b'{"failure":1, "a":2}', b'{"a":2}'),
        (b'{"a":1,"failure":1,"failure":2}', b'{"a":1}'),
        (b'{"failure":1,"a":1,"failure":2}', b'{"a":1}'),
        (b'{"a":{"failure":1}}', b'{"a":{"failure":1}}'),
    ],
)
def test_taking_out_examples(raw, expected):
    assert without(raw, read_object(raw), "failure") == expected


def test_the_usual_jobs_keep_all_but_the_time():
    raw = failed("jid-00000001", args=[{"enqueued": "no"}])
    edited = replaced(raw, read_object(raw), NEW)
    assert edited == raw.replace(b'"2026-09-21T14:00:01.5Z"', NEW)
    assert json.loads(without(raw, read_object(raw), "failure")) == json.loads(
        job(args=[{"enqueued": "no"}])
    )


def test_deep_and_long_values_are_no_trouble():
    deep = (
        b'{"a":'
        + b"[" * 900
        + b"]" * 900
        + b',"enqueued_at":"x","b":"'
        + b"y" * 10**6
        + b'\\u0041"}'
    )
    assert replaced(deep, {KEY: "x"}, b"1") == deep.replace(b'"x"', b"1")


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"job":{"a":1},"wid":"w"}', b'{"a":1}'),
        (b'{ "wid":"w" , "job" :\t{ "a" : [1 , 2] } }', b'{ "a" : [1 , 2] }'),
        (b'{"job":{"a":1},"job":{"a":2}}', b'{"a":2}'),
        (b'{"j\\u006fb":{"a":12345678901234567890}}', b'{"a":12345678901234567890}'),
        (b'{"wid":"\\"job\\":{}","deep":{"job":1},"job":{"job":{"job":2}}}', b'{"job":{"job":2}}'),
        (b'{"job":{"a":"}\\",{"}}', b'{"a":"}\\",{"}'),
    ],
)
def test_what_is_inside_is_cut_out_by_its_bytes(raw, value):
    assert inside(raw, ("job",)) == value


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())), st.booleans())
def test_whatever_job_is_inside_comes_out_whole(payload, first):
    text = json.dumps(payload).encode()
    outer = b'{"job":%b,"wid":"\\"job\\":"}' if first else b'{"x":{"job":1}, "job" : %b }'
    assert inside(outer % text, ("job",)) == text
