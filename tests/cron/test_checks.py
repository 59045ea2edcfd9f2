"""What the server refuses is an error, what is not what it looks like a warning."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobctl.cron.crontab import verdict
from tests.cron.tables import ON, crontab, job, told

README = """\
[cron_plugin]
  enabled = true
[[ cron ]]
schedule = "*/5 * * * *"
  [cron.job]
    type = "JobType"
    queue = "queue"
    retry = 3
    args = [1, 2, 3]
    [cron.job.custom]
      value = true
[[ cron ]]
schedule = "3 * * * * * * *" # quartz format
  [cron.job]
    type = "OtherJob"
    queue = "queue"
    retry = 3
    [[cron.job.args]]
      key = "value1"
      enabled = true
    [[cron.jobs.args]]
      key = "value2"
      enabled = false
    [cron.job.custom]
      value = true
"""


def test_a_good_file_has_no_findings():
    found = crontab(ON + job('queue = "mail.fast-1_x"', "retry = -1", "reserve_for = 86400"))
    assert (found.findings, found.enabled) == ((), True)
    (entry,) = found.entries
    assert (entry.number, entry.file, entry.line) == (1, "a.toml", 3)
    assert (entry.schedule, entry.jobtype, entry.queue) == ("0 9 * * *", "A", "mail.fast-1_x")
    assert entry.parsed is not None


# Lines of the job stand from line 7 on.
@pytest.mark.parametrize(
    "line",
    [
        "retry = 3.0",
        "retry = -0.0",
        "backtrace = 1e3",
        "queue = ''",
        "reserve_for = 0",
        "reserve_for = 60",
        "args = []",
        "args = [1, 'a', {b = 2}, 1979-05-27]",
        "custom = {}",
        "[cron.job.custom]\nexpires_in = '1h'",
        "[[cron.job.args]]\na = 1\n[[cron.job.args]]\na = 2",
        "enqueued_at = 1979-05-27T07:32:00Z",
        "[cron.job.failure]\nretry_count = 1\nbacktrace = ['a', 'b']\nanything = 3",
        "failure = {Retry_Count = 2.0}",
        "at = ''",
    ],
)
def test_what_goes_into_faktorys_job_is_fine(line):
    assert told(crontab(ON + job(line))) == []


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("retry = 3.5", "wrong-type", 9),
        ("retry = '3'", "wrong-type", 9),
        ("retry = true", "wrong-type", 9),
        ("retry = 1e19", "wrong-type", 9),
        ("retry = 1e21", "wrong-type", 9),
        ("retry = -9223372036854775808.0", "wrong-type", 9),
        ("backtrace = []", "wrong-type", 13),
        ("reserve_for = 1979-05-27", "wrong-type", 15),
        ("queue = 3", "wrong-type", 9),
        ("args = {}", "wrong-type", 8),
        ("args = 'a'", "wrong-type", 8),
        ("custom = 3", "wrong-type", 10),
        ("custom = []", "wrong-type", 10),
        ("failure = 'x'", "wrong-type", 11),
        ("failure = {remaining = 'x'}", "wrong-type", 11),
        ("failure = {backtrace = [1]}", "wrong-type", 11),
        ("failure = {errtype = 1}", "wrong-type", 11),
        ("jid = 3", "wrong-type", 7),
        ("created_at = 3", "wrong-type", 14),
        ("enqueued_at = 3", "wrong-type", 15),
        ("at = 3", "wrong-type", 6),
        ("args = [1, [nan]]", "not-a-number", 8),
        ("custom = {a.b = -inf}", "not-a-number", 10),
        ("retry = inf", "not-a-number", 9),
        ("queue = 'a b'", "bad-queue", 9),
        ("queue = 1979-05-27T07:32:00Z", "bad-queue", 9),
        ("queue = 'größe'", "bad-queue", 9),
        ("reserve_for = 86401", "bad-reserve", 15),
        ("at = 'tomorrow'", "bad-at", 6),
        ("at = '2026-01-01 00:00:00Z'", "bad-at", 6),
        ("at = '2026-01-01T00:00:00z'", "bad-at", 6),
        ("at = '2026-02-30T00:00:00Z'", "bad-at", 6),
        ("at = '2026-01-01T00:00:00+0100'", "bad-at", 6),
    ],
)
def test_what_is_refused_is_an_error_at_its_value(line, code, column):
    assert ("error", code, 7, column) in told(crontab(ON + job(line)))


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("retry = -2", "odd-retry", 1),
        ("reserve_for = 59", "odd-reserve", 1),
        ("reserve_for = -1", "odd-reserve", 1),
        ("at = 2026-01-01T00:00:00Z", "fixed-at", 1),
        ("at = 2026-01-01", "fixed-at", 1),
        ("at = '2026-01-01T00:00:00.5+01:00'", "fixed-at", 1),
        ("  jid = 'x'", "overwritten", 3),
        ("created_at = 'x'", "overwritten", 1),
        ("jobtype = 3", "overwritten", 1),
        ("jobtype = nan", "overwritten", 1),
        ("reserve-for = 3", "unknown-key", 1),
        ("unique_for = 3", "unknown-key", 1),
        ("Queue = 'a'", "other-case", 1),
        ("Args = [1]", "other-case", 1),
        ("JobType = 'x'", "other-case", 1),
        ('"cu\u017ftom" = {}', "other-case", 1),
    ],
)
def test_what_may_not_be_meant_is_a_warning_at_its_key(line, code, column):
    assert told(crontab(ON + job(line))) == [("warning", code, 7, column)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[cron]]", [("missing-schedule", 3, 3), ("missing-job", 3, 3)]),
        ("[[cron]]\nshedule = '@daily'\njob.type = 'A'", [("missing-schedule", 3, 3)]),
        ("[[cron]]\nschedule = 3\njob.type = 'A'", [("wrong-type", 4, 12)]),
        ("[[cron]]\nschedule = '@daily'\njob = ['A']", [("wrong-type", 5, 7)]),
        ("[[cron]]\nschedule = '@daily'\njob = 'A'", [("wrong-type", 5, 7)]),
        ("[[cron]]\nschedule = '@daily'\n[[cron.job]]\ntype = 'A'", [("wrong-type", 5, 8)]),
        ("[[cron]]\nschedule = '@daily'\n[cron.job]\nkind = 'A'", [("missing-type", 5, 7)]),
        ("[[cron]]\nschedule = '@daily'\n[cron.job]\ntype = 3", [("wrong-type", 6, 8)]),
        ("[[cron]]\nschedule = '@daily'\n[cron.job]\ntype = ''", [("empty-type", 6, 8)]),
        ("[[cron]]\nschedule = '0 7 * * 7'\njob.type = 'A'", [("bad-schedule", 4, 21)]),
        ('[[cron]]\nschedule = "\\u0030 7 * * 7"\njob.type = "A"', [("bad-schedule", 4, 12)]),
        ('[[cron]]\nschedule = """\n0 7 * * 7"""\njob.type = "A"', [("bad-schedule", 4, 12)]),
        ("[[cron]]\nschedule = ''\njob.type = 'A'", [("bad-schedule", 4, 13)]),
        ("[cron]\nschedule = '@daily'", [("not-entries", 3, 2)]),
        ("[cron.job]\ntype = 'A'", [("not-entries", 3, 2)]),
        ("[x]\n[crons]\n[[Cron]]", [("no-entries", 5, 3)]),
    ],
)
def test_an_entry_that_is_not_one_is_an_error(text, expected):
    errors = [each for each in crontab(ON + text).findings if each.is_error]
    assert [(each.code, each.line, each.column) for each in errors] == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[[cron]]\nshedule = '@daily'\njob.type = 'A'", "is shedule meant to be schedule?"),
        ("[[cron]]\nschedule = '@daily'\n[cron.jobs]", "is jobs meant to be job?"),
        ("[[cron]]\nschedule = '@daily'\njob.Type = 'A'", "is Type meant to be type?"),
        ("[[cron]]\nSCHEDULE = '@daily'\njob.type = 'A'", "is SCHEDULE meant to be schedule?"),
        ("[[cron]]\nschedule = '@daily'\nJOB.type = 'A'", "is JOB meant to be job?"),
        ("[[cron]]\nschedule = '@daily'\njob.TYPE = 'A'", "is TYPE meant to be type?"),
        (job() + "[cron.Job]\ntype = 'A'", "did you mean job?"),
        (job("retries = 3"), "did you mean retry?"),
        (job("track = 1"), "it is looked for in [cron.job.custom]"),
        ("[[cron]]\nschedule = '@daily'\nretry = 3\njob.type = 'A'", "it belongs into [cron.job]"),
        (job() + "[[crons]]", "did you mean [[cron]]?"),
    ],
)
def test_a_near_name_is_told(text, hint):
    assert [each.hint for each in crontab(ON + text).findings] == [hint]


def test_the_same_entry_twice_is_a_warning_at_the_second():
    found = crontab(ON + job("args = [1]") + job("args = [2]") + job("args = [1]", "queue = ''"))
    assert told(found) == []
    found = crontab(ON + job("retry = 3"), job("retry = 3.0"))
    assert [(f.code, f.file, f.message) for f in found.findings] == [
        ("duplicate", "b.toml", "the same schedule and job as entry 1 in a.toml:3")
    ]


def test_broken_entries_are_not_compared():
    codes = [each.code for each in crontab(ON + job("retry = 'a'") + job("retry = 'b'")).findings]
    assert codes == ["wrong-type", "wrong-type"]


def test_inline_entries_are_warned_of_and_checked_all_the_same():
    found = crontab("cron = [{schedule = '@daily', job = {}}]\n" + ON)
    assert told(found) == [("warning", "inline-entries", 1, 1), ("error", "missing-type", 1, 8)]
    assert [(entry.line, entry.schedule) for entry in found.entries] == [(1, "@daily")]


PIECES = st.sampled_from([
    *README.splitlines(keepends=True), ON, "\n", "[", "]", "[[cron]]\n", "[cron.job]\n", "cron",
    " = ", "job = {type = 3}\n", "x = [1, {y = nan}]\n", "'", '"""', "\r", "\ufeff", "\0", "é",
    "args = {}\n", "failure = {backtrace = [1]}\n", "Queue = 1979-05-27\n", "[[cron.job.custom]]\n",
    "cron = [{}]\n", "cron_plugin.enabled = 1\n", "retry = 99999999999999999999\n", "at = 'x'\n",
])  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=12).map("".join), min_size=1, max_size=3))
def test_whatever_a_document_holds_its_findings_stand_in_it(texts):
    found = crontab(*texts)
    lines = {chr(97 + i) + ".toml": text.split("\n") for i, text in enumerate(texts)}
    for each in found.findings:
        assert each.file is not None
        assert each.line is not None
        assert each.column is not None
        assert each.line <= len(lines[each.file])
        assert 1 <= each.column <= len(lines[each.file][each.line - 1]) + 1
        assert each.at is not None
        assert 0 <= each.at[1] <= len(each.at[0])
    assert verdict(found)
