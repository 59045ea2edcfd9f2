"""The filter language."""

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobctl import Kind, Where
from jobctl.errors import BadFilter
from jobctl.filter.patterns import compile_glob
from jobctl.model.entry import Entry
from jobctl.records.query import Query
from jobctl.systems.faktory.layout import FAKTORY
from tests.builders import NOW, failed, reservation

JOB = {
    "args": [42, "two", {"user": "Zoë"}, None, True, 12345678901234567890],
    "custom": {
        "tenant": "acme", "n": 7, "text": "42", "half": 0.5, "due": "2026-09-22T00:00:00Z",
        "epoch": 1790000000, "empty": "", "null": None, "odd key": {"a.b": 1}, "vip": True,
        "url": "https://x.y/z?a=b&c=d", "quote": 'say "hi", (now)',
    },
    "at": "2026-01-01T00:00:00Z",
}  # fmt: skip
TRUE = """
jid=jid-00000001
type=SendEmail
jobtype=Import,SendEmail
jobtype!=Import
jobtype!=Import,Other
jobtype~^Send
jobtype!~^Import
queue=default and retry=25
retry_count=3
retry_count>=3 and retry_count<4
retry_count>2.5
remaining<=22
args[0]=42
args[0]="42" or args[0]=42.0
args[1]=two
args[2].user=Zoë
args[2].user="Zo\\u00eb"
args[3]=null
args[4]=true
args[5]=12345678901234567890
args[5]>12345678901234567889
args[99]=null
args~"two"
custom.tenant=acme
custom.n=7
custom.n="7" or custom.n=7.0
custom.text=42
custom.text="42"
custom.text>41
custom.half=0.5
custom.half=5e-1
custom.due>2026-09-21T00:00:00Z
custom.due=2026-09-22T00:00:00Z
custom.due<+1d
custom.epoch>-1h
custom.empty=""
custom.empty!=null
custom.null=null
custom.nothing=null
custom.nothing.at.all=null
not custom.nothing=x
custom."odd key"."a.b"=1
custom.vip=true
custom.url=https://x.y/z?a=b&c=d
custom.quote="say \\"hi\\", (now)"
failure.errtype=Net::OpenTimeout
errtype~timeout or errtype~Timeout
error~"^timed out"
error~OpenTimeout
error="timed out (30 s)"
error!=other
error!~other
message~"\\\\(30 s\\\\)"
payload.at=2026-01-01T00:00:00Z
payload.custom.tenant=acme
at=1790000000
at=1790000000000000
at=2026-09-21T14:13:20Z
at=2026-09-21T16:13:20.000+02:00
at<=+0s and at>-1s
at<+1s
created_at<-1s
created_at=2026-09-21T14:00:00.123456789Z
created_at>2026-09-21T14:00:00.123456788Z
age>8m and age<9m
age>=8m20s
malformed=false
not (jobtype=Import or queue=other)
not not type=SendEmail
((type=SendEmail))
type=SendEmail AND NOT queue=other OR type=Import
type = SendEmail   and   queue  =  default , other
"""
FALSE = """
type=Send
type="sendemail"
type!=SendEmail
retry="25"
retry=25x
args[0]="42"
args[2]=x
custom.vip="true"
custom.nothing=x
custom.nothing!=x
custom.nothing!~x
custom.nothing>0
custom.tenant>5
custom.tenant=null
custom.null!=null
custom.n<7
error=null and error!=null
errtype!=Net::OpenTimeout
age>1h
age<1s
at>2026-09-21T14:13:20Z
malformed=true
type=SendEmail and queue=other
type=Import or queue=other and retry=25
not type=SendEmail
"""


def entry_of(raw, score=NOW, kind=Kind.RETRIES):
    return Entry.scored(raw, score, kind, FAKTORY)


RAW = failed(count=3, failure={"errtype": "Net::OpenTimeout", "message": "timed out (30 s)"}, **JOB)


def lines(text):
    return [line for line in text.splitlines() if line]


def shown(what):
    """The expressions that docs/filters.md shows."""
    text = (Path(__file__).parents[2] / "docs" / "filters.md").read_text()
    return lines("".join(re.findall(rf"^```{what}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)))


@pytest.mark.parametrize("text", lines(TRUE))
def test_it_holds(text):
    assert Where.parse(text, kind=Kind.RETRIES).matches(entry_of(RAW), NOW)


@pytest.mark.parametrize("text", lines(FALSE))
def test_it_does_not_hold(text):
    assert not Where.parse(text, kind=Kind.RETRIES).matches(entry_of(RAW), NOW)


@pytest.mark.parametrize("text", lines(TRUE + FALSE))
def test_its_text_reads_as_the_same(text):
    where = Where.parse(text, kind=Kind.RETRIES)
    again = Where.parse(str(where), kind=Kind.RETRIES)
    assert str(again) == str(where)
    assert again.matches(entry_of(RAW), NOW) == where.matches(entry_of(RAW), NOW)


@pytest.mark.parametrize("text", shown("jobs"))
def test_an_expression_that_the_documentation_shows_is_one(text):
    Where.parse(text, payload_keys=FAKTORY.payload_keys)


@pytest.mark.parametrize("text", shown("records"))
def test_an_expression_on_records_that_the_documentation_shows_is_one(text):
    Query.parse(text)


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 0, "empty"), ("   ", 3, "empty"), ("jobtype", 7, "operator is missing behind jobtype"),
        ("jobtype=", 8, "value is missing"), ("jobtype=a,", 10, "value is missing"),
        ("jobtype=,a", 8, "value is missing"), ("jobtype==a", 7, "== is no operator"),
        ("jobtype=~a", 7, "=~ is no operator"), ("retry<>1", 5, "<> is no operator"),
        ("jobtype=a && queue=b", 10, "neither and nor or"),
        ("jobtype=a || queue=b", 10, "neither and nor or"),
        ("jobtype=a queue=b", 10, "neither and nor or"), ("!jobtype=a", 0, "field is missing"),
        ("(jobtype=a", 0, "( without its )"), ("jobtype=a)", 9, ") without its ("),
        ("(jobtype=a queue=b)", 11, "neither and, or nor )"), ("()", 1, "field is missing"),
        ("jobtype=a and", 13, "field is missing"), ("and jobtype=a", 4, "operator is missing"),
        ("not", 3, "field is missing"), ('jobtype="a', 8, '" without its end'),
        (r'jobtype="a\x"', 8, "not a JSON string"), ('jobtype=a"b"', 9, "quotes stand around"),
        ("jobtype~[", 8, "not a regular expression"), ("jobtpye=a", 0, "no field 'jobtpye'"),
        ("jobtype=a and cutsom.x=1", 14, "no field 'cutsom.x'"),
        ("died_at>-1h", 0, "no field 'died_at' in retries"),
        ("wid=x", 0, "no field 'wid' in retries"), ("at>soon", 3, "'soon' is not a time"),
        ("age>soon", 4, "not a duration"), ("age=2h", 4, "an age is compared with"),
        ("retry>null", 6, "nothing is > null"), ("9=1", 0, "field is missing"),
        ("(" * 200 + "jid=1" + ")" * 200, 100, "nested deeper"),
        ("not " * 5000 + "jid=1", 400, "nested deeper"),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_where_it_is(text, column, words):
    with pytest.raises(BadFilter) as caught:
        Where.parse(text, kind=Kind.RETRIES, payload_keys=FAKTORY.payload_keys)
    assert words in caught.value.message
    assert caught.value.at == (text, column)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("jobtpye=a", "did you mean jobtype?"), ("tenant=a", "payload.tenant reaches any key"),
     ("jobtype==a", "equality is a single ="), ("jobtype=a && queue=b", "write and")],
)  # fmt: skip
def test_a_mistake_comes_with_a_hint(text, hint):
    with pytest.raises(BadFilter) as caught:
        Where.parse(text, payload_keys=FAKTORY.payload_keys)
    assert hint in caught.value.hint


@pytest.mark.parametrize("text", ["jid=x", "not jid=x", "jid!=x", "not (at>0 or jid=x)", "at>0"])
def test_what_is_no_job_is_passed_over_also_by_not(text):
    assert not Where.parse(text).matches(entry_of(b"not json"), NOW)


def test_what_is_no_job_can_be_asked_for():
    assert Where.parse("malformed=true or jid=x").matches(entry_of(b"not json"), NOW)
    assert Where.parse("not malformed=false").matches(entry_of(b"not json"), NOW)


def test_each_structure_has_its_fields():
    held = entry_of(reservation(RAW, wid="w-7"), NOW, Kind.WORKING)
    assert Where.parse("wid=w-7 and reserved_at<-1m", kind=Kind.WORKING).matches(held, NOW)
    dead = entry_of(RAW, NOW + 180 * 86400, Kind.DEAD)
    assert Where.parse("died_at=1790000000 and purge_at>+179d", kind=Kind.DEAD).matches(dead, NOW)


words = st.sampled_from(
    ["a", "b c", 'q"', "42", "1.5", "true", "null", "", "Zoë", "x\\y", "0", "-0"]
)
values = st.one_of(words, st.integers(-3, 50), st.just(1.5), st.booleans(), st.none())
jobs = st.fixed_dictionaries({
    "jid": values, "jobtype": values, "queue": values, "args": st.lists(values, max_size=2),
    "custom": st.dictionaries(st.sampled_from(["tenant", "n"]), values, max_size=2),
})  # fmt: skip


def spelled(rng, value):
    """JSON of a value in some spelling: escapes, spaces, order."""
    if isinstance(value, str):
        return '"' + "".join(
            f"\\u{ord(c):04x}" if rng.random() < 0.3 else json.dumps(c, ensure_ascii=False)[1:-1]
            for c in value
        ) + '"'  # fmt: skip
    pad = " " if rng.random() < 0.3 else ""
    if isinstance(value, dict):
        items = list(value.items())
        rng.shuffle(items)
        inner = ",".join(f"{pad}{spelled(rng, k)}{pad}:{spelled(rng, v)}" for k, v in items)
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + f",{pad}".join(spelled(rng, v) for v in value) + "]"
    return json.dumps(value)


FIELDS = {
    "jid": lambda j: j["jid"],
    "jobtype": lambda j: j["jobtype"],
    "args[0]": lambda j: j["args"][0] if j["args"] else None,
    "custom.tenant": lambda j: j["custom"].get("tenant"),
}


def oracle(value, op, literal, quoted):
    """What the language promises, said in another way."""
    if literal == "null" and not quoted:
        same = value is None
    elif isinstance(value, str):
        same = value == literal
    elif quoted or value is None:
        same = False
    else:
        same = json.dumps(value) == literal
        if not same and not isinstance(value, bool):
            try:
                same = json.loads(literal) == value and not isinstance(json.loads(literal), bool)
            except ValueError:
                same = False
    if op == "=":
        return same
    return value is not None and not same


leaves = st.tuples(
    st.sampled_from(sorted(FIELDS)), st.sampled_from(["=", "!="]), words, st.booleans()
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    ),
    max_leaves=6,
)


def written(tree):
    if tree[0] == "not":
        return f"not ({written(tree[1])})"
    if tree[0] in ("and", "or"):
        return f"({written(tree[1])}) {tree[0]} ({written(tree[2])})"
    field, op, word, quoted = tree
    return f"{field}{op}{json.dumps(word) if quoted or _needs_quotes(word) else word}"


def _needs_quotes(word):
    return word in ("", "b c", 'q"', "x\\y") and word != "x\\y"


def meant(tree, payload):
    if tree[0] == "not":
        return not meant(tree[1], payload)
    if tree[0] in ("and", "or"):
        one, two = meant(tree[1], payload), meant(tree[2], payload)
        return one and two if tree[0] == "and" else one or two
    field, op, word, quoted = tree
    return oracle(FIELDS[field](payload), op, word, quoted or _needs_quotes(word))


@settings(max_examples=400)
@given(trees, jobs, st.integers(0, 2**32))
def test_any_expression_means_what_it_says_and_redis_lets_it_through(tree, payload, seed):
    raw = spelled(random.Random(seed), payload).encode()
    where = Where.parse(written(tree))
    entry = entry_of(raw)
    found = where.matches(entry, NOW)
    assert found == meant(tree, payload)
    assert bool(where.keeper(Kind.RETRIES, NOW, FAKTORY)(raw, NOW)) == found
    pattern = where.pattern()
    if found and pattern is not None:
        assert compile_glob(pattern).fullmatch(raw)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        Where.parse(text, payload_keys=FAKTORY.payload_keys)
    except BadFilter as error:
        assert error.at is None or 0 <= error.at[1] <= len(text)  # noqa: PT017
