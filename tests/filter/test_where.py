from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.errors import BadFilter, Exit, UsageProblem
from jobctl.filter.where import Flags, Where
from jobctl.model.entry import Entry
from jobctl.model.layout import Kind
from jobctl.systems.faktory.layout import FAKTORY
from tests.builders import NOW, failed, job, reservation
from tests.model.asking import ON_THE_SERVER, let_through

PURGED_IN = 180 * 86400
BIG = 12345678901234567890
WRONG = [True, 0, -1.5, "", "text", [], [1], {}, {"a": 1}, BIG]
NO_JOBS = [b"", b"not json", b"[1]", b"3", b'"jid"', b"null", b'{"jid":', b"\xff\xfe"]
EIGHT_MINUTES_AGO = "2026-09-21T14:05:20Z"


def matches(raw, *, score=NOW, kind=Kind.RETRIES, **flags):
    return Flags(**flags).where().matches(Entry.scored(raw, score, kind, FAKTORY), NOW)


def test_without_flags_everything_is_meant():
    assert Flags().where() == Where()
    assert not Flags().where()
    assert all(matches(raw) for raw in [*NO_JOBS, job()])


@pytest.mark.parametrize(
    ("flag", "value", "other"),
    [
        ("jobtypes", "SendEmail", {"jobtype": "SendEmailLater"}),
        ("jobtypes", "SendEmail", {"jobtype": "sendemail"}),
        ("queues", "default", {"queue": "default2", "args": ["default"]}),
        ("jids", "jid-00000001", {"jid": "jid-000000010", "args": [{"jid": "jid-00000001"}]}),
        ("errors", "^Runtime", {"failure": {"errtype": "IOError", "message": "a Runtime"}}),
        ("errors", "bo+m$", {"failure": {"message": "boom!"}}),
        ("globs", "*SendEmail*", {"jobtype": "SendMail"}),
        ("older_than", "5m", {"failure": {"failed_at": "2026-09-21T14:09:00Z"}}),
        ("newer_than", "10m", {"failure": {"failed_at": "2026-09-21T14:03:00Z"}}),
    ],
)
def test_a_flag_selects_by_the_field_and_nothing_like_it(flag, value, other):
    assert Flags(**{flag: (value,)}).where()
    assert matches(failed(), **{flag: (value,)})
    assert not matches(failed(**other), **{flag: (value,)})


@pytest.mark.parametrize(
    ("flag", "wrong", "right"),
    [
        ("jobtypes", "Other", "SendEmail"), ("queues", "other", "default"),
        ("jids", "other", "jid-00000001"), ("errors", "nope", "boom"), ("globs", "nope*", "*boom*"),
        ("older_than", "2h", "5m"), ("newer_than", "1s", "2h"),
    ],
)  # fmt: skip
def test_the_same_flag_twice_is_or(flag, wrong, right):
    assert not matches(failed(), **{flag: (wrong,)})
    assert matches(failed(), **{flag: (wrong, right)})
    assert matches(failed(), **{flag: (right, wrong)})


@pytest.mark.parametrize(
    ("more", "holds"),
    [
        ({"errors": ("boom",), "older_than": ("1m",), "globs": ("*two*",)}, True),
        ({"errors": ("nope",)}, False),
        ({"errors": ("boom",), "older_than": ("1h",)}, False),
        ({"errors": ("boom",), "malformed": True}, False),
    ],
)
def test_different_flags_are_and(more, holds):
    assert matches(failed(), jobtypes=("SendEmail",), **more) == holds


@pytest.mark.parametrize(
    ("flag", "problem"),
    [
        ("jobtypes", "--type is empty"), ("queues", "--queue is empty"), ("jids", "--jid is empty"),
        ("errors", "--error is empty"), ("globs", "--match is empty"),
        ("older_than", "'' is not a duration"), ("newer_than", "'' is not a duration"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("values", [("",), ("", "1h"), ("1h", "")])
def test_an_empty_value_is_a_usage_error(flag, problem, values):
    with pytest.raises(UsageProblem, match=f"^{problem}$") as error:
        Flags(**{flag: values}).where()
    assert error.value.code is Exit.USAGE
    assert error.value.hint


def test_jids_that_were_asked_for_and_are_none_select_nothing():
    assert Flags(jids=()).where()
    assert not matches(job(), jids=())
    assert Flags(jids=()).where().pattern() is None


@pytest.mark.parametrize(
    ("value", "text"), [(42, "42"), (1.5, "1.5"), (True, "true"), ("42", "42"), (BIG, str(BIG))]
)
def test_a_number_is_selected_by_its_text(value, text):
    assert matches(job(value), jids=(text,))
    assert matches(job(jobtype=value), jobtypes=("other", text))
    assert not matches(job(value), jids=(text + "0",))


@pytest.mark.parametrize("value", [[], ["x"], {}, {"a": 1}])
def test_a_list_or_object_is_no_text_to_select_by(value):
    as_json = (json.dumps(value), json.dumps(value, separators=(",", ":")))
    assert not matches(job(jobtype=value), jobtypes=as_json)


def test_a_missing_field_is_no_text_either():
    bare = b'{"queue":null}'
    for nothing in ("null", "None"):
        assert not matches(bare, jids=(nothing,))
        assert not matches(bare, queues=(nothing,))
        assert not matches(bare, errors=(nothing,))
    assert matches(bare, globs=("*null*",))


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("field", ["errtype", "message"])
def test_an_error_of_a_wrong_type_is_searched_as_json(field, value):
    raw = failed(failure={"errtype": None, "message": None, field: value})
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    assert not matches(raw, errors=("no such text",))
    assert matches(raw, errors=(".",)) == bool(text)


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize(
    "field", ["jid", "jobtype", "queue", "args", "failure", "retry", "created_at", "enqueued_at"]
)
def test_a_wrong_type_in_any_field_stops_no_filter(field, value):
    raw = failed(**{field: value})
    for flag in ("jobtypes", "queues", "jids", "errors"):
        assert not matches(raw, **{flag: ("nope",)})
    assert matches(raw, globs=("{*",)) != matches(raw, malformed=True)


@pytest.mark.parametrize("raw", NO_JOBS)
def test_malformed_members_are_passed_over_by_fields_and_selected_by_bytes(raw):
    for field in ("jobtypes", "queues", "jids"):
        assert not matches(raw, **{field: ("null", "None", "jid", "3")})
    assert not matches(raw, errors=(".*",))
    assert not matches(raw, older_than=("0s",))
    assert not matches(raw, newer_than=("9000w",))
    assert matches(raw, malformed=True)
    assert matches(raw, globs=("*",))
    assert not matches(raw, globs=("*SendEmail*",))


def test_only_malformed_members_are_selected_as_malformed():
    assert not matches(job(), malformed=True)
    assert not matches(b"{}", malformed=True)
    assert matches(b'{"wid":"w"}', kind=Kind.WORKING, malformed=True)
    assert not matches(reservation(job()), kind=Kind.WORKING, malformed=True)


def test_a_glob_is_over_the_bytes_of_the_member_as_redis_matches_them():
    assert matches(b"\xff\n[x]", globs=("\udcff?[[]x]",))
    assert matches(job(), globs=('{"jid": "jid-*',))
    assert not matches(job(), globs=("jid-*",))


def test_an_age_is_older_or_newer_to_the_second():
    raw = failed(failure={"failed_at": EIGHT_MINUTES_AGO})
    assert matches(raw, older_than=("479s",))
    assert not matches(raw, older_than=("480s",))
    assert matches(raw, newer_than=("481s",))
    assert not matches(raw, newer_than=("480s",))


@pytest.mark.parametrize("time", [None, "", "soon", 5, [], "2026-02-30T00:00:00Z"])
def test_without_a_time_an_age_matches_neither_way(time):
    raw = failed(failure={"failed_at": time})
    assert not matches(raw, older_than=("0s",))
    assert not matches(raw, newer_than=("9000w",))


def test_a_bad_regular_expression_is_told_with_the_place_of_the_mistake():
    with pytest.raises(BadFilter, match="is not a regular expression: unterminated") as error:
        Flags(errors=("fine", "ab[c")).where()
    assert error.value.at == ("ab[c", 2)


@pytest.mark.parametrize("text", ["(", "*", "a{99999999999999999999}", "(" * 5000, "(?P<x>", "[[a"])
def test_no_regular_expression_is_more_than_a_usage_error(text):
    with pytest.raises(BadFilter, match="regular expression"):
        Flags(errors=(text,)).where()


def test_a_regular_expression_that_python_warns_of_is_taken_as_it_is():
    assert matches(failed(failure={"message": "[a"}), errors=("[[a]a",))


@pytest.mark.parametrize(
    ("flags", "has_pattern"),
    [
        ({"jobtypes": ("SendEmail",)}, True),
        ({"jobtypes": ("SendEmail", "Other")}, False),
        ({"globs": ("*x*",)}, True),
        ({"globs": ("*x*", "*y*")}, False),
        ({"errors": ("x",), "older_than": ("1h",), "malformed": True}, False),
        ({"errors": ("x",), "queues": ("default",)}, True),
    ],
)
def test_the_server_helps_where_one_text_is_asked_for(flags, has_pattern):
    assert (Flags(**flags).where().pattern() is not None) == has_pattern


TEXTS = st.sampled_from(["a", "aa", "A*", "é", '"', "[x]", "a\\b", "1", "1e5", "100000.0", "a<b"])
VALUES = st.one_of(TEXTS, st.sampled_from([1, 100000.0, True, None, ["a"], {"jid": "a"}]))
JOBS = st.dictionaries(st.sampled_from(["jid", "jobtype", "queue", "args"]), VALUES)
SOME = st.lists(TEXTS, max_size=2).map(tuple)
GLOBS = st.lists(st.sampled_from(["*a*", "*[ab", "{*}", "*\\u00*", "**", "*é*"]), max_size=2)


@ON_THE_SERVER
@given(data=st.data(), jobs=st.lists(JOBS, max_size=8), ascii_only=st.booleans())
def test_the_pattern_never_keeps_back_what_the_filter_selects(raw, data, jobs, ascii_only):
    asked = {flag: data.draw(SOME) for flag in ("jobtypes", "queues")}
    jids = data.draw(st.one_of(st.none(), SOME))
    where = Flags(**asked, jids=jids, globs=tuple(data.draw(GLOBS))).where()
    texts = [json.dumps(fields, ensure_ascii=ascii_only) for fields in jobs]
    members = {text.replace("<", "\\u003c").encode() for text in texts} | {b"", b"[a]", b'"a"'}
    selected = {
        m for m in members if where.matches(Entry.scored(m, NOW, Kind.RETRIES, FAKTORY), NOW)
    }
    pattern = where.pattern()
    assert pattern is None or selected <= let_through(raw, pattern, members)


@pytest.mark.parametrize(
    ("stuck", "text"),
    [
        (("expired",), "the reservation has expired"),
        (("30m",), "the reservation has expired or age>1800s"),
        (("30m", "expired", "5m"), "the reservation has expired or age>300s"),
    ],
)
def test_stuck_says_what_it_means(stuck, text):
    where = Flags(stuck=stuck).where()
    assert (str(where), where.pattern(), where.decodes) == (text, None, True)
    both = Flags(stuck=("1s",), jobtypes=("X",)).where()
    assert str(both) == "type=X and (the reservation has expired or age>1s)"


@pytest.mark.parametrize("bad", ["", "soon", "30"])
def test_stuck_takes_durations(bad):
    with pytest.raises(UsageProblem, match="is not a duration"):
        Flags(stuck=(bad,)).where()
