"""Progress, errors, data, name, arguments and provider's id: written as the gem writes them."""

from __future__ import annotations

import json
import threading

import pytest

from jobctl import connect
from jobctl.errors import UsageProblem
from tests.everything import everything
from tests.recording import record
from tests.trouble import meanwhile


@pytest.mark.parametrize(
    ("at", "out_of", "text"),
    [
        (0, None, b"0.0"), (1, None, b"1.0"), (0.375, None, b"0.375"), (3, 8, b"0.375"),
        (8, 8, b"1.0"), (1, 3, b"0.3333333333333333"), (0.00001, None, b"1.0e-05"),
        (1e-300, None, b"1.0e-300"), (0, 5, b"0.0"), (0.5, 0.5, b"1.0"), (1.5, 2, b"0.75"),
    ],
)  # fmt: skip
def test_progress_is_a_float_as_ruby_writes_it(raw, store, at, out_of, text):
    record(raw, "a")
    store.records.set_progress("a", at, out_of)
    assert raw.hget("jobba:id:a", "progress") == text


@pytest.mark.parametrize(
    ("at", "out_of"),
    [(-1, None), (-0.1, None), (1.1, None), (3, 2), (-1, 2), (0, 0), (float("nan"), None),
     (float("inf"), None), (1, float("inf")), (0, -1)],
)  # fmt: skip
def test_progress_that_is_none_is_refused(raw, store, at, out_of):
    record(raw, "a")
    before = everything(raw)
    with pytest.raises(UsageProblem, match="progress"):
        store.records.set_progress("a", at, out_of)
    assert everything(raw) == before


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (None, b'["e"]'),
        (b"null", b'["e"]'),
        (b"[]", b'["e"]'),
        (b" [ ] ", b' [ "e"]'),
        (b"\n[\n]\n", b'\n[\n"e"]'),
        (b"]", b'["]","e"]'),
        (b"[", b'["[","e"]'),
        (b"  ", b'["  ","e"]'),
        (b'["a"]', b'["a","e"]'),
        (b'[ "a" ]\n', b'[ "a" ,"e"]'),
        (b'[{"b":1.50,"a":12345678901234567890,"b":2}]',
         b'[{"b":1.50,"a":12345678901234567890,"b":2},"e"]'),
        (b'["]",[]]', b'["]",[],"e"]'),
        (b'["\xff"]', b'["\xff","e"]'),
        (b'"[boom]"', b'["[boom]","e"]'),
        (b'{"code":[4]}', b'[{"code":[4]},"e"]'),
        (b"42", b'[42,"e"]'),
        (b"", b'["","e"]'),
        (b'boom "x"', b'["boom \\"x\\"","e"]'),
        (b"[broken", b'["[broken","e"]'),
    ],
)  # fmt: skip
def test_an_error_goes_behind_those_that_are_there_and_these_stay_to_the_byte(
    raw, store, was, becomes
):
    record(raw, "a", errors=None)
    if was is not None:
        raw.hset("jobba:id:a", "errors", was)
    store.records.add_error("a", "e")
    assert raw.hget("jobba:id:a", "errors") == becomes


@pytest.mark.parametrize(
    "was",
    [
        b"[" + b" ]" * 500_000 + b"x", b"[] " + b" " * 1_000_000, b" " * 1_000_000 + b"[]",
        b'{"a":"' + b"x" * 1_000_000 + b'"}', b'"' * 1_000_000,
    ],
    ids=["brackets", "blanks behind", "blanks before", "object", "quotes"],
)  # fmt: skip
def test_a_megabyte_that_is_no_array_as_one_writes_it_is_kept_as_well(raw, store, was):
    record(raw, "a", errors=None)
    raw.hset("jobba:id:a", "errors", was)
    store.records.add_error("a", "e")
    first, last = json.loads(raw.hget("jobba:id:a", "errors"))
    try:
        assert first == json.loads(was)
    except ValueError:
        assert first == was.decode()
    assert last == "e"


def test_what_is_no_array_and_is_changed_meanwhile_is_read_again(raw, store, url):
    record(raw, "a", errors=None)
    raw.hset("jobba:id:a", "errors", '"one"')
    texts = iter(['"two"', "3", '["four"]'])

    def change(_other):
        raw.hset("jobba:id:a", "errors", next(texts))

    with meanwhile(store, change, url, 3):
        store.records.add_error("a", "e")
    assert raw.hget("jobba:id:a", "errors") == b'["four","e"]'


def test_an_error_is_any_json_but_null(raw, store):
    record(raw, "a")
    for error in ({"code": 4, "at": [1.5]}, "ü\n\x1b", 7, False, []):
        store.records.add_error("a", error)
    assert raw.hget("jobba:id:a", "errors") == (
        '[{"code":4,"at":[1.5]},"ü\\n\\u001b",7,false,[]]'.encode()
    )
    for bad in (None, object(), {1, 2}):
        with pytest.raises(UsageProblem):
            store.records.add_error("a", bad)


def test_four_writers_at_once_lose_no_error(raw, store, url):
    record(raw, "a")

    def write(who):
        with connect(url) as own:
            for i in range(100):
                own.records.add_error("a", f"{who}-{i}")

    threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors = json.loads(raw.hget("jobba:id:a", "errors"))
    assert sorted(errors) == sorted(f"{who}-{i}" for who in range(4) for i in range(100))
    for who in range(4):
        own = [error for error in errors if error.startswith(f"{who}-")]
        assert own == [f"{who}-{i}" for i in range(100)]


def test_a_megabyte_of_data_and_of_errors_is_kept(raw, store):
    record(raw, "a")
    data = {"text": "ü" * 500_000, "rows": list(range(10_000))}
    store.records.save("a", data)
    assert json.loads(raw.hget("jobba:id:a", "data")) == data
    before = json.dumps(["x" * 1_000_000, 1]).encode()
    raw.hset("jobba:id:a", "errors", before)
    store.records.add_error("a", "e")
    assert raw.hget("jobba:id:a", "errors") == before[:-1] + b',"e"]'
    assert store.records.find("a").data == data


def test_data_is_any_json_null_too(raw, store):
    record(raw, "a")
    for data, text in ((None, b"null"), ("x", b'"x"'), ([1, {"a": None}], b'[1,{"a":null}]')):
        store.records.save("a", data)
        assert raw.hget("jobba:id:a", "data") == text
    with pytest.raises(UsageProblem):
        store.records.save("a", object())


CHANGES = {
    "job_name": (lambda records, value: records.set_job_name("a", value), "job_name:{}"),
    "provider_job_id": (
        lambda records, value: records.set_provider_job_id("a", value), "provider_job_id:{}",
    ),
    "job_args": (lambda records, value: records.set_job_args("a", {"k": value}), "job_arg:{}"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "key"),
    [(b"42", b"42"), (b'"\xff"', b"\xff"), (b'"a:b"', b"a:b"), (b"boom", b"boom"), (b'""', b"")],
)
def test_the_index_of_an_odd_name_is_left_as_well(raw, store, text, key):
    record(raw, "a")
    raw.hset("jobba:id:a", "job_name", text)
    raw.sadd(b"jobba:job_name:" + key, "a")
    store.records.set_job_name("a", "New")
    assert [k for k in raw.scan_iter() if b"job_name" in k] == [b"jobba:job_name:New"]


@pytest.mark.parametrize(
    ("args", "keys"),
    [
        (b"null", []), (b"[1]", []), (b"broken", []),
        (b'{"a":1,"b":null,"c":true,"d":"x"}', [b"1", b"", b"true", b"x"]),
    ],
)  # fmt: skip
def test_the_indexes_of_odd_arguments_are_left_as_well(raw, store, args, keys):
    record(raw, "a")
    raw.hset("jobba:id:a", "job_args", args)
    for key in keys:
        raw.sadd(b"jobba:job_arg:" + key, "a")
    store.records.set_job_args("a", {"k": "v"})
    assert [k for k in raw.scan_iter() if b"job_arg" in k] == [b"jobba:job_arg:v"]


@pytest.mark.parametrize("field", CHANGES)
def test_a_field_that_somebody_else_changes_meanwhile_leaves_no_index_behind(
    raw, store, url, field
):
    change, key = CHANGES[field]
    record(raw, "a", job_name="Old", provider_job_id="Old", job_args={"k": "Old"})
    with meanwhile(store, lambda other: change(other.records, "Theirs"), url):
        change(store.records, "Ours")
    assert not raw.exists(f"jobba:{key.format('Old')}", f"jobba:{key.format('Theirs')}")
    assert raw.smembers(f"jobba:{key.format('Ours')}") == {b"a"}


def test_the_first_request_to_kill_stays_and_a_null_one_is_none(raw, store):
    record(raw, "a", state="started")
    raw.hset("jobba:id:a", "kill_requested_at", "null")
    assert not store.records.kill_requested("a")
    assert store.records.request_kill("a")
    first = raw.hget("jobba:id:a", "kill_requested_at")
    assert first.isdigit()
    assert not store.records.request_kill("a")
    assert raw.hget("jobba:id:a", "kill_requested_at") == first
    assert store.records.kill_requested("a")
    assert store.records.find("a").state == "started"
    assert not raw.exists("jobba:kill_requested_at")


def test_several_things_are_set_at_once_and_their_indexes_follow(raw, store):
    record(raw, "a", job_name="Old", job_args={"k": "1", "l": "2"}, provider_job_id="old")
    raw.hset("jobba:id:a", "errors", "odd")
    values = {
        "job_name": "New", "job_args": {"k": "3", "m": "2"}, "provider_job_id": 7,
        "data": None, "progress": (3, 8), "error": {"code": 4},
    }  # fmt: skip
    raw.config_resetstat()
    store.records.set("a", values, keep_args=True)
    assert raw.info("commandstats")["cmdstat_hset"]["calls"] == 1
    found = raw.hgetall("jobba:id:a")
    assert found[b"job_name"] == b'"New"'
    assert found[b"job_args"] == b'{"k":"3","l":"2","m":"2"}'
    assert (found[b"provider_job_id"], found[b"data"]) == (b"7", b"null")
    assert (found[b"progress"], found[b"errors"]) == (b"0.375", b'["odd",{"code":4}]')
    led = {key for key in raw.scan_iter() if key.startswith((b"jobba:job_", b"jobba:provider"))}
    assert led == {
        b"jobba:job_name:New", b"jobba:job_arg:2", b"jobba:job_arg:3",
        b"jobba:provider_job_id:7",
    }  # fmt: skip


@pytest.mark.parametrize("had", ["null", "[1]", "broken", '{"old":1}'])
def test_arguments_go_beside_odd_ones(raw, store, had):
    record(raw, "a")
    raw.hset("jobba:id:a", "job_args", had)
    store.records.set("a", {"job_args": {"k": "v"}}, keep_args=True)
    kept = had[:-1] + "," if had[0] == "{" else "{"
    assert raw.hget("jobba:id:a", "job_args").decode() == kept + '"k":"v"}'


def test_what_is_refused_of_several_things_changes_none(raw, store):
    record(raw, "a", job_args={str(i): "x" for i in range(999)})
    before = everything(raw)
    with pytest.raises(UsageProblem):
        store.records.set("a", {})
    for wrong in (
        {"error": ""}, {"job_name": ""}, {"provider_job_id": ""}, {"progress": 2}, {"error": None},
        {"progress": "half"}, {"job_args": {"a": "1", "b": "2"}},
    ):  # fmt: skip
        with pytest.raises(UsageProblem):
            store.records.set("a", {"data": 1} | wrong, keep_args=True)
    assert everything(raw) == before
