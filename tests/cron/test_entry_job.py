"""What Go makes of a table: any case of a key, the last in order of bytes, no unknown ones."""

import tomllib

import pytest

from jobctl.cron.entry_job import field_of, server_job


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("Queue", "queue"),
        ("RESERVE_FOR", "reserve_for"),
        ("cu\u017ftom", "custom"),
        ("trac\u212a", "track"),
        ("ä", "ä"),
    ],
)
def test_go_folds_the_case_of_keys(key, name):
    assert field_of(key) == name


@pytest.mark.parametrize(
    ("text", "job"),
    [
        ("type = 'A'", {"args": [], "jobtype": "A"}),
        ("type = 'A'\nArgs = [1]", {"args": [], "jobtype": "A"}),
        ("type = 'A'\nargs = [2]\nArgs = [1]", {"args": [2], "jobtype": "A"}),
        ("type = 'A'\njobtype = 'B'\nJobtype = 'C'", {"args": [], "jobtype": "A"}),
        ("type = 'A'\njobType = 'C'", {"args": [], "jobtype": "A"}),
        ("queue = 'a'\nQueue = 'b'", {"queue": "a", "args": [], "jobtype": ""}),
        ("Queue = 'a'\nQUEUE = 'b'", {"queue": "a", "args": [], "jobtype": ""}),
        ("retry = 3.0\nreserve_for = '1'", {"retry": 3, "args": [], "jobtype": ""}),
        # As Go writes floats: their shortest digits.
        (
            "retry = 1234567890123456789.0",
            {"retry": 1234567890123456800, "args": [], "jobtype": ""},
        ),
        ("retry = -9223372036854775808.0", {"args": [], "jobtype": ""}),
        (
            "at = 1979-05-27T07:32:00.120+01:30",
            {"at": "1979-05-27T07:32:00.12+01:30", "args": [], "jobtype": ""},
        ),
        ("jid = 'x'\ncreated_at = 'x'\nother = 1", {"args": [], "jobtype": ""}),
        (
            "custom = {a = 1, c = 1}\nCustom = {a = 2, b = 2}",
            {"custom": {"a": 1, "b": 2, "c": 1}, "args": [], "jobtype": ""},
        ),
        (
            "args = [1979-05-27T07:32:00Z, 1979-05-27, 07:32:00, 1979-05-27T07:32:00]",
            {
                "args": [
                    "1979-05-27T07:32:00Z",
                    "1979-05-27T00:00:00Z",
                    "0000-01-01T07:32:00Z",
                    "1979-05-27T07:32:00Z",
                ],
                "jobtype": "",
            },
        ),
    ],
)
def test_the_job_is_what_faktory_keeps(text, job):
    assert server_job(tomllib.loads(text)) == job
