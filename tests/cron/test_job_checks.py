"""What plugins, or Enterprise, make of a job's custom data at each firing."""

import pytest

from jobctl.cron.crontab import Flavour
from tests.cron.tables import ON, crontab, job, told

UNIQ = "[uniq]\nenabled = true\n"


def custom(*lines: str) -> str:
    return job("[cron.job.custom]", *lines)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["expires_in = 60"], [("bad-expiry", 10, 14)]),
        (["expires_in = '1 h'"], [("bad-expiry", 10, 14)]),
        (["expires_in = '2d'"], [("bad-expiry", 10, 14)]),
        (["expires_in = ''"], [("bad-expiry", 10, 14)]),
        (["expires_at = 'tomorrow'"], [("bad-expiry", 10, 14)]),
        (["expires_at = ''"], [("bad-expiry", 10, 14)]),
        (["expires_at = 1796000000"], [("bad-expiry", 10, 14)]),
        (["expires_at = 2030-01-01T00:00:00Z", "expires_in = '1h'"], [("bad-expiry", 11, 14)]),
        (["unique_for = 0"], [("bad-unique", 10, 14)]),
        (["unique_for = 0.5"], [("bad-unique", 10, 14)]),
        (["unique_for = '600'"], [("bad-unique", 10, 14)]),
        (["unique_for = true"], [("bad-unique", 10, 14)]),
        (["unique_for = 600", "unique_until = 'end'"], [("bad-unique", 11, 16)]),
        (["unique_for = 0", "unique_until = 1"],
         [("bad-unique", 10, 14), ("bad-unique", 11, 16)]),
        (["unique_until = 'end'"], []),
        (["unique_for = 600", "unique_until = 'start'", "expires_in = '1h30m'"], []),
        (["unique_for = 1.5", "unique_until = 'success'"], []),
        (["expires_at = '2030-01-01T00:00:00.5+01:00'"], []),
    ],
)  # fmt: skip
def test_what_makes_the_server_refuse_each_firing_is_an_error(lines, expected):
    found = crontab(ON + UNIQ + custom(*lines), directory=True)
    errors = [(each.code, each.line, each.column) for each in found.findings if each.is_error]
    assert errors == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["reserve_for = 600"], ["no-effect"]),
        (["retry = 3", "queue = 'low'"], ["no-effect", "no-effect"]),
        (["unique_until = 'start'"], ["no-effect"]),
        (["expires_at = 2030-01-01"], ["fixed-at"]),
        (["expires_in = '0'"], ["odd-expiry"]),
        (["expires_in = '-1h'"], ["odd-expiry"]),
        (["bid = 'b-1'"], ["odd-batch"]),
        (["tenant = 'acme'", "track = 1"], []),
    ],
)
def test_what_may_not_be_meant_is_a_warning(lines, expected):
    found = crontab(ON + UNIQ + custom(*lines))
    assert [(each.level.value, each.code) for each in found.findings] == [
        ("warning", code) for code in expected
    ]


@pytest.mark.parametrize(
    ("uniq", "directory", "codes"),
    [
        ("", False, ["no-effect", "bad-unique"]),  # another file may turn it on
        ("", True, ["no-effect"]),
        ("[uniq]\nenabled = false\n", False, ["no-effect"]),
        ("[uniq]\nenabled = 'true'\n", False, ["no-effect"]),
        (UNIQ, True, ["bad-unique"]),
    ],
)
def test_where_jobs_are_not_kept_unique_no_firing_is_refused_for_it(uniq, directory, codes):
    found = crontab(ON + uniq + custom("unique_for = 0"), directory=directory)
    assert [each.code for each in found.findings] == codes


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("expires_in = 60", []),
        ("expires_in = 1.5", []),
        ("expires_in = '1h'", ["odd-expiry"]),
        ("expires_in = 0", ["odd-expiry"]),
        ("expires_at = 'tomorrow'", ["bad-expiry"]),
        ("unique_for = 600", []),
        ("unique_for = '600'", ["bad-unique"]),
    ],
)
def test_enterprise_counts_seconds_and_needs_nothing_turned_on(line, codes):
    found = crontab(custom(line), flavour=Flavour.ENTERPRISE)
    assert [each.code for each in found.findings] == codes


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["args = [9007199254740993]"], "9007199254740993 arrives as 9007199254740992"),
        # Go writes the shortest digits that are the same float.
        (["args = [{id = 1152921504606846976}]"],
         "1152921504606846976 arrives as 1152921504606847000"),
        (["custom.id = -9223372036854775807"],
         "-9223372036854775807 arrives as -9223372036854776000"),
    ],
)  # fmt: skip
def test_numbers_that_arrive_as_others_are_told(lines, message):
    (finding,) = crontab(ON + job(*lines)).findings
    assert finding.code == "changed-number"
    assert finding.message.startswith(message)


def test_numbers_that_arrive_as_they_are_are_not_told():
    lines = ["args = [9007199254740992, 1e300, 3.5]", "retry = 9007199254740993"]
    assert told(crontab(ON + job(*lines))) == []
