"""Odd data that exists in the wild: listed, shown, asked for, deleted and brought back."""

import csv
import io
import json

import pytest

from tests.everything import expiries
from tests.records.gem import raw as encoded
from tests.records.model import dump

START = 1_790_000_000_000_000
FORMATS = ("table", "wide", "json", "jsonl", "csv", "tsv", "ids")
NOT_UTF8 = "\udcff\udcfeid"
HUGE = "123456789012345678901234567890"
LARGE = "x" * 1_000_000

# Fields as they stand in the hash, and the sets that the id is in beside `state`.
ODD = {
    "stub": ({"progress": "0.5"}, ["failed"]),
    "lost-state": ({"id": '"lost-state"', "errors": '["late"]'}, ["started"]),
    "two-states": ({"state": '"started"'}, ["failed", "started"]),
    "two-names": ({"job_name": '"New"'}, ["job_name:New", "job_name:Old"]),
    "null-times": ({"queued_at": "null", "started_at": "null", "failed_at": "null"}, []),
    "nan-large": ({"progress": "-9223372036854775808"}, []),
    "nan-word": ({"progress": "NaN"}, []),
    "a": ({"attempt": "1"}, []),
    "a:0": ({"attempt": "0"}, []),  # a status, and where attempt 0 of `a` would be
    "id:b:0": ({}, []),
    "": ({"job_name": '""', "job_args": '{"x":""}'}, ["job_name:", "job_arg:"]),
    "large": ({"data": f'"{LARGE}"'}, []),
    NOT_UTF8: (
        {"job_name": '"\udcfe"', "data": '"\udcff"', "errors": "\udcff"},
        ["job_name:\udcfe"],
    ),
    "no-json": ({"job_name": "Import", "job_args": "{", "errors": "[", "data": "1,2"}, []),
    "pairs": ({"progress": "1,2", "data": "[1],[2]", "errors": '"a","b"', "attempt": "0,0"}, []),
    "huge": ({"data": HUGE, "provider_job_id": HUGE, "failed_at": HUGE}, []),
    "surrogate": (
        {"job_name": '"\\ud800"', "job_args": '{"x":"\\udfff"}', "provider_job_id": '"\\ud801"'},
        ["job_name:\udced\udca0\udc80", "job_arg:\udced\udcbf\udcbf"],  # as Ruby writes it
    ),
    "again": ({"attempt": "2"}, []),  # what was put aside is below
    "many-attempts": ({"attempt": str(10**14)}, []),  # that no restart ever wrote
    "unknown-state": ({"state": '"melted"'}, []),
    "odd-values": ({"progress": "1e999", "data": '"\udcc3(\udced\udca0\udc80"', "x": "[1"}, []),
    "expires": ({}, []),
    "wrong-types": ({"job_args": "[1]", "errors": "42", "attempt": '"x"', "job_name": "{}"}, []),
    "line\nbreak\ttab": ({"job_name": '"\\u001b[31mred\\u202e"', "errors": '["\\n"]'}, []),
    "日本 id: x": ({"job_name": '"Ünï:日本 "'}, ["job_name:Ünï:日本 "]),
}
NAMED = [ident for ident in ODD if ident]  # an argument is never empty
LED_TO = ODD.keys() - {"stub", "lost-state"}


@pytest.fixture
def odd(raw):
    """Every odd record, each recorded a second after the one before; orphans; an attempt."""
    for second, (ident, (fields, sets)) in enumerate(ODD.items()):
        name, micro = encoded(ident), START + second * 1_000_000
        whole = {"id": json.dumps(ident, ensure_ascii=False), "state": '"succeeded"'}
        if ident in LED_TO:
            fields = whole | {"recorded_at": str(micro)} | fields
            raw.zadd("jobba:recorded_at", {name: micro})
        raw.hset(b"jobba:id:" + name, mapping={k: encoded(v) for k, v in fields.items()})
        for each in (
            sets if ident not in LED_TO or "state" in ODD[ident][0] else ["succeeded", *sets]
        ):
            raw.sadd(encoded(f"jobba:{each}"), name)
    for number in "01":
        raw.hset(f"jobba:id:again:{number}", mapping={"id": f'"again:{number}"', "attempt": number})
    raw.hset("jobba:id:odd-values", b"\xfa", "")
    for milliseconds, ident in enumerate(("expires", "again:1"), 60_000_000_000):
        raw.pexpire(f"jobba:id:{ident}", milliseconds)
    raw.sadd("jobba:succeeded", "orphan")
    raw.zadd("jobba:recorded_at", {"orphan": START, b"\xfforphan": START + 5})
    return dump(raw)


def rows(jobctl, *argv):
    ran = jobctl("query", *argv, "-o", "json")
    assert ran.code == 0, ran.err
    return {row["id"]: row for row in json.loads(ran.out)}


def test_all_of_it_is_listed_in_every_format(odd, raw, jobctl):
    for form in FORMATS:
        ran = jobctl("query", "-o", form)
        assert ran.code == 0, (form, ran.err)
        if form in ("table", "wide"):
            assert not {"\x1b", "\u202e"} & set(ran.out)
    assert len(jobctl("query", "-o", "ids").out.splitlines()) == len(ODD)
    assert len(jobctl("query", "-o", "jsonl").out.splitlines()) == len(ODD)
    table = csv.DictReader(io.StringIO(jobctl("query", "-o", "csv").out, newline=""))
    assert [row["id"] for row in table] == list(rows(jobctl))
    assert dump(raw) == odd


def test_rows_come_as_they_are_the_newest_recorded_first_and_what_was_never_last(odd, jobctl):
    found = rows(jobctl)
    recorded = [ident for ident in ODD if ident in LED_TO]
    assert list(found) == [*reversed(recorded), "lost-state", "stub"]
    assert len({tuple(row) for row in found.values()}) == 1  # every key, in every row
    assert found["stub"]["progress"] == 0.5
    assert found["stub"]["state"] is None
    assert found["nan-large"]["progress"] == -9223372036854775808
    assert found["nan-word"]["progress"] == "NaN"
    assert found["no-json"]["data"] == "1,2"
    assert (found["pairs"]["progress"], found["pairs"]["data"]) == ("1,2", "[1],[2]")
    assert found["pairs"]["errors"] == '"a","b"'
    assert (found["huge"]["data"], found["huge"]["provider_job_id"]) == (int(HUGE), int(HUGE))
    assert found["huge"]["failed_at"] == int(HUGE)
    assert found["large"]["data"] == LARGE
    assert found["null-times"]["queued_at"] is None
    assert found["unknown-state"]["state"] == "melted"
    assert found["wrong-types"]["errors"] == 42
    assert found[""]["job_name"] == ""


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("state=failed", []),  # by their own words they are not
        ("state=started", ["two-states"]),
        ("state=null", ["lost-state", "stub"]),
        ("job_name=Old", ["two-names"]),
        ("job_name=New", ["two-names"]),
        ('job_name=""', [""]),
        ('job_arg=""', [""]),
        ('id=""', [""]),
        ("id=a:0", ["a:0"]),
        ("id=id:b:0", ["id:b:0"]),
        ("id=stub", ["stub"]),
        ("id=orphan", []),
        ('id="line\\nbreak\\ttab"', ["line\nbreak\ttab"]),
        ('job_name="Ünï:日本 "', ["日本 id: x"]),
        ("job_name~Imp", ["no-json"]),
        ("progress=NaN", ["nan-word"]),
        ("progress<0", ["nan-large"]),
        ("progress=0.5", ["stub"]),
        ("data=1,2", []),
        ('data="1,2"', ["no-json"]),
        (f"data={HUGE}", ["huge"]),
        ("errors=42", ["wrong-types"]),
        ("error~late", ["lost-state"]),
        ("recorded_at=null", ["lost-state", "stub"]),
        (f"recorded_at<={START + 2_000_000}", ["two-states"]),
        ("recorded_at>-1d and recorded_at<-2d", []),
    ],
)
def test_it_is_found_by_what_it_says(odd, jobctl, condition, ids):
    assert sorted(rows(jobctl, "-w", condition)) == ids
    assert jobctl("query", "-w", condition, "--count").out == f"{len(ids)}\n"


@pytest.mark.parametrize("key", ["id", "state", "progress", "attempt", "failed_at", "errors"])
@pytest.mark.parametrize("reverse", [(), ("--reverse",)])
def test_it_is_sorted_by_whatever_it_holds(odd, jobctl, key, reverse):
    ran = jobctl("query", "--sort", key, *reverse, "-o", "ids")
    assert (ran.code, len(ran.out.splitlines())) == (0, len(ODD))


def test_orphans_are_no_rows_and_their_number_is_told(odd, jobctl):
    ran = jobctl("query", "--count")
    assert ran.out == f"{len(ODD)}\n"
    assert "2" in ran.err
    assert jobctl("query", "--count", "-o", "json").out == f'{{"count": {len(ODD)}}}\n'


@pytest.mark.parametrize("ident", NAMED)
def test_each_is_shown_and_joined_by_status(odd, raw, jobctl, ident):
    for form in ("table", "json", "csv"):
        shown = jobctl("record", "show", "-o", form, "--", ident)
        assert (shown.code, shown.err) == (0, ""), form
    joined = json.loads(jobctl("status", "-o", "json", "--", ident).out)
    assert ident in [record["id"] for record in joined["records"]]
    assert jobctl("status", "-o", "table", "--", ident).code == 0
    assert dump(raw) == odd


def test_all_of_it_is_deleted_and_an_undo_brings_every_byte_back(odd, raw, jobctl):
    ends = expiries(raw)
    asked = jobctl("record", "delete", "--all", "--force", "--dry-run", "-o", "json")
    assert json.loads(asked.out)["matched"] == len(ODD)
    assert dump(raw) == odd
    report = json.loads(jobctl("record", "delete", "--all", "--force", "--yes", "-o", "json").out)
    assert (report["done"], report["failed"]) == (len(ODD), 0)
    left = dump(raw)
    assert (left[b"jobba:succeeded"], left[b"jobba:job_name:Old"]) == ({b"orphan"}, {b"two-names"})
    assert set(left) == {b"ttl", b"jobba:succeeded", b"jobba:recorded_at", b"jobba:job_name:Old"}
    assert jobctl("query", "-o", "ids").out == ""
    assert jobctl("undo", report["operation"], "--yes").code == 0
    assert dump(raw) == odd
    assert set(ends) == {b"jobba:id:expires", b"jobba:id:again:1"}
    assert expiries(raw) == {key: pytest.approx(at, abs=20) for key, at in ends.items()}


def test_all_of_it_is_marked(odd, raw, report):
    assert report("record", "mark", "killed", "--all", "--yes")["done"] == len(ODD)
    assert raw.scard("jobba:killed") == len(ODD)
    assert [raw.scard(f"jobba:{state}") for state in ("queued", "started", "failed")] == [0, 0, 0]


@pytest.mark.parametrize("ident", [*NAMED, "orphan"])
def test_each_is_deleted_by_its_id_and_comes_back(odd, raw, jobctl, ident):
    argv = ("record", "delete", "--force", "--yes", "-o", "json", "--", ident)
    report = json.loads(jobctl(*argv).out)
    assert report["done"] == 1
    assert raw.exists(b"jobba:id:" + encoded(ident)) == 0
    assert raw.zscore("jobba:recorded_at", encoded(ident)) is None
    assert jobctl("undo", report["operation"], "--yes").code == 0
    assert dump(raw) == odd


def test_the_record_without_a_name_is_deleted_by_a_condition(odd, raw, jobctl):
    argv = ("record", "delete", "-w", 'id=""', "--yes", "-o", "json")
    report = json.loads(jobctl(*argv).out)
    assert (report["done"], raw.exists("jobba:id:")) == (1, 0)
    assert jobctl("undo", report["operation"], "--yes").code == 0
    assert dump(raw) == odd


def test_a_pipe_of_ids_reads_back_what_it_wrote(odd, raw, jobctl):
    ids = jobctl("query", "-w", 'not (id="")', "-o", "ids").out
    ran = jobctl("record", "delete", "-", "--force", "--yes", "-o", "json", stdin=ids)
    assert json.loads(ran.out)["done"] == len(ODD) - 1


def test_changes_to_it_end_in_a_word_and_not_in_a_crash(odd, jobctl):
    for ident in NAMED:
        for said in (("--progress", "0.5"), ("--error", "x", "--data", "{}"), ("--name", "Named")):
            assert jobctl("record", "set", *said, "--", ident).code == 0, said
        for state in ("failed", "started", "started"):
            assert jobctl("record", "mark", state, "--yes", ident).code in (0, 1), (ident, state)
    assert jobctl("record", "stats").code == 0
    assert (
        len(jobctl("query", "-w", "job_name=Named", "-o", "ids").out.splitlines()) == len(ODD) - 1
    )
