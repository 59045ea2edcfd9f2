"""``jobctl record``: a shell job reports on itself, and people read it."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.everything import everything
from tests.recording import record


@pytest.fixture
def a(raw):
    record(raw, "a", job_name="Import")
    return raw


def test_create_prints_the_id_and_nothing_else(raw, jobctl):
    for tty in (False, True):
        ran = jobctl("record", "create", "--name", "Import", "--arg", "k=a=b", tty=tty)
        assert (ran.code, ran.err) == (0, "")
        ident = ran.out.removesuffix("\n")
        assert str(uuid.UUID(ident)) == ident
        assert raw.hget(f"jobba:id:{ident}", "job_args") == b'{"k":"a=b"}'
        assert raw.sismember("jobba:job_name:Import", ident)


def test_an_id_with_a_line_break_comes_back_as_it_went(raw, jobctl):
    ran = jobctl("record", "create", "a\nb")
    assert ran.out == "a\\nb\n"
    assert raw.exists("jobba:id:a\nb")


def test_a_shell_job_reports_itself_in_silence(a, jobctl):
    ran = [
        jobctl("record", "set", "a", "--progress", "3/8"),
        jobctl("record", "set", "a", "--error", "-the disk is full"),
        jobctl("record", "set", "a", "--error", "-", stdin=b"two\nlines\xff\n"),
        jobctl("record", "set", "a", "--data", '{"rows": [1, 2.5]}', "--arg", "user=u-1"),
        jobctl("record", "set", "a", "--arg", "file=/tmp/a b", "--name", "Export"),
        jobctl("record", "set", "a", "--provider", "8f3a"),
    ]
    assert {(each.code, each.out, each.err) for each in ran} == {(0, "", "")}
    found = a.hgetall("jobba:id:a")
    assert found[b"progress"] == b"0.375"
    assert found[b"errors"] == '["-the disk is full","two\\nlines\ufffd"]'.encode()
    assert found[b"data"] == b'{"rows":[1,2.5]}'
    assert found[b"job_args"] == b'{"user":"u-1","file":"/tmp/a b"}'
    assert (found[b"job_name"], found[b"provider_job_id"]) == (b'"Export"', b'"8f3a"')
    assert not a.exists("jobba:job_name:Import")


def test_a_person_is_told_and_a_format_gets_the_row(a, jobctl):
    ran = jobctl("record", "set", "a", "--progress", "1", "--name", "X", tty=True)
    assert (ran.out, ran.err) == ("", "a: job_name, progress set\n")
    row = json.loads(jobctl("record", "set", "a", "--progress", "0.5", "-o", "json").out)
    assert (row["id"], row["progress"]) == ("a", 0.5)
    assert jobctl("record", "set", "a", "--name", "X", "-o", "ids").out == "a\n"


@pytest.mark.parametrize(
    ("option", "given", "text"),
    [
        ("--provider", "42", "42"), ("--provider", "-5", "-5"), ("--provider", "0", "0"),
        ("--provider", "12345678901234567890123", "12345678901234567890123"),
        ("--provider", "007", '"007"'), ("--provider", "1e5", '"1e5"'),
        ("--provider", "-x", '"-x"'), ("--provider", "4 2", '"4 2"'),
        ("--provider-text", "42", '"42"'), ("--provider-text", "-5", '"-5"'),
    ],
)  # fmt: skip
def test_a_providers_id_is_a_number_where_it_is_written_as_one(a, jobctl, option, given, text):
    assert jobctl("record", "set", "a", option, given).code == 0
    assert a.hget("jobba:id:a", "provider_job_id").decode() == text
    assert a.smembers(f"jobba:provider_job_id:{given}") == {b"a"}
    assert jobctl("record", "create", "b", option, given).code == 0
    assert a.hget("jobba:id:b", "provider_job_id").decode() == text


def test_arguments_are_added_or_begin_anew(a, jobctl):
    for argv, args in (
        (("--arg", "x=1", "--arg", "y=a=b"), '{"x":"1","y":"a=b"}'),
        (("--arg", "x=-2", "--arg", "z="), '{"x":"-2","y":"a=b","z":""}'),
        (("--clear-args", "--arg", "q=3"), '{"q":"3"}'),
        (("--clear-args",), "{}"),
    ):
        assert jobctl("record", "set", "a", *argv).code == 0
        assert a.hget("jobba:id:a", "job_args").decode() == args
    assert not list(a.scan_iter("jobba:job_arg:*"))


@pytest.mark.parametrize(
    ("argv", "successor"),
    [
        (("args", "a", "k=v"), "jobctl record set ID --clear-args --arg KEY=VALUE"),
        (("name", "a", "N"), "jobctl record set ID --name NAME"),
        (("provider", "a", "p"), "jobctl record set ID --provider JID"),
        (("save", "a", "1"), "jobctl record set ID --data JSON"),
        (("progress", "a", "1"), "jobctl record set ID --progress AT/OUT_OF"),
        (("error", "a", "e"), "jobctl record set ID --error TEXT"),
        (("create", "--provider-job-id", "p"), "--provider"),
    ],
)
def test_what_went_names_its_successor(a, jobctl, argv, successor):
    ran = jobctl("record", *argv)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(f"\nhint: it is now {successor}\n")


def test_data_is_read_from_stdin(a, jobctl):
    assert (
        jobctl("record", "set", "a", "--data", "-", stdin='[12345678901234567890, "ü"]').code == 0
    )
    assert a.hget("jobba:id:a", "data") == '[12345678901234567890,"ü"]'.encode()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("set", "a"), "there is nothing to set"),
        (("set", "a", "--progress", "2"), "progress is from 0 to 1, and this is 2"),
        (("set", "a", "--progress", "3/2"), "progress cannot be 3 out of 2"),
        (("set", "a", "--progress", "-1"), "progress cannot be negative: -1"),
        (("set", "a", "--progress", "0/0"), "progress out of 0 is no number"),
        (("set", "a", "--progress", "nan"), "progress is a number"),
        (("set", "a", "--progress", "half"), "'half' is no progress"),
        (("set", "a", "--progress", "1/"), "'1/' is no progress"),
        (("set", "a", "--progress", ""), "'' is no progress"),
        (("set", "a", "--data", "done"), "--data is no JSON"),
        (("set", "a", "--data", ""), "--data is no JSON"),
        (("set", "a", "--data", "\udcff"), "--data is no JSON: it is no UTF-8"),
        (("set", "a", "--data", "-", "--error", "-"), "cannot both read stdin"),
        (("set", "a", "--arg", "x"), "--arg is KEY=VALUE, not 'x'"),
        (("set", "a", "--arg", "x=1", "--arg", "x=2"), "x is given twice"),
        (("set", "a", "--arg", "x=\udcff"), "no UTF-8"),
        (("set", "a", "--arg", "=x"), "an argument has no name"),
        (("set", "a", "--arg", ""), "--arg is KEY=VALUE"),
        (("set", "a", "--name", ""), "the name is empty"),
        (("set", "a", "--provider", ""), "the provider's job id is empty"),
        (("set", "a", "--provider-text", ""), "the provider's job id is empty"),
        (("set", "a", "--provider", "1", "--provider-text", "1"), "contradict each other"),
        (("set", "a", "--error", ""), "the error is empty"),
        (("set", "a", "--error", "-"), "the error is empty"),  # nothing comes from stdin
        (("set", "a", "--name", "N", "--error", ""), "the error is empty"),
        (("set", "", "--progress", "1"), "the id is empty"),
        (("create", "--name", ""), "the name is empty"),
        (("create", "--error", ""), "the error is empty"),
        (("create", "--progress", "2"), "progress is from 0 to 1"),
        (("create", "--state", ""), "no record is ever ''"),
        (("show", ""), "the id is empty"),
        (("create", ""), "the id is empty"),
        (("create", "--state", "fialed"), "no record is ever 'fialed'"),
        (("create", "--data", "{"), "--data is no JSON"),
        (("create", "--arg", "x"), "--arg is KEY=VALUE, not 'x'"),
        (("create", "\udcff"), "the id is no UTF-8"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_a_usage_error_and_changes_nothing(a, jobctl, argv, said):
    before = everything(a)
    ran = jobctl("record", *argv)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert everything(a) == before


def test_the_namespace_can_be_named(raw, jobctl):
    assert jobctl("record", "create", "a", "--records-namespace", "other").out == "a\n"
    assert raw.exists("other:id:a")
    assert jobctl("record", "show", "a").code == 4
    assert jobctl("record", "show", "a", "-o", "ids", "--records-namespace", "other").code == 0


def test_an_id_that_is_no_utf8_is_shown_and_changed(raw, jobctl):
    record(raw, b"a\xff")
    shown = jobctl("record", "show", "a\udcff", "-o", "ids")
    assert shown.code == 0
    written = shown.out.removesuffix("\n")  # as -o ids writes it
    for ident in ("a\udcff", written):
        assert jobctl("record", "set", ident, "--progress", "0.5").code == 0
    assert raw.hget(b"jobba:id:a\xff", "progress") == b"0.5"
    assert "\\udcff" in jobctl("record", "show", "a\udcff", "-o", "table").out
