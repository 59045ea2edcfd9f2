"""``jobctl record``: a shell job reports on itself, and people read it."""

from __future__ import annotations

import uuid

import pytest

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


def test_a_person_is_told_and_a_format_gets_the_row(a, jobctl, report):
    ran = jobctl("record", "set", "a", "--progress", "1", "--name", "X", tty=True)
    assert (ran.out, ran.err) == ("", "a: job_name, progress set\n")
    row = report("record", "set", "a", "--progress", "0.5")
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


def test_data_is_read_from_stdin(a, jobctl):
    assert (
        jobctl("record", "set", "a", "--data", "-", stdin='[12345678901234567890, "ü"]').code == 0
    )
    assert a.hget("jobba:id:a", "data") == '[12345678901234567890,"ü"]'.encode()


def test_an_id_that_can_be_none_is_a_usage_error(raw, jobctl):
    for argv, said in (
        (("create", "\udcff"), "the id is no UTF-8"),
        (("show", ""), "the id is empty"),
    ):
        ran = jobctl("record", *argv)
        assert (ran.code, said in ran.err, raw.keys()) == (2, True, [])


def test_an_id_that_is_no_utf8_is_shown_and_changed(raw, jobctl):
    record(raw, b"a\xff")
    shown = jobctl("record", "show", "a\udcff", "-o", "ids")
    assert shown.code == 0
    written = shown.out.removesuffix("\n")  # as -o ids writes it
    for ident in ("a\udcff", written):
        assert jobctl("record", "set", ident, "--progress", "0.5").code == 0
    assert raw.hget(b"jobba:id:a\xff", "progress") == b"0.5"
    assert "\\udcff" in jobctl("record", "show", "a\udcff", "-o", "table").out
