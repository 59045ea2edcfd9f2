"""What the server would do, by the first thing that it stumbles over."""

import pytest

from jobctl.cron.crontab import files_summary, schedules_summary, verdict
from tests.cron.tables import ON, crontab, job

BAD = job(schedule='"0 7 * * 7"')
CRASH = job(schedule='"TZ=UTC"')
WRONG = job("retry = 'x'")
REFUSED = job("queue = 'a b'")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ON + job(), "the server starts with 1 entry"),
        (ON + job() + REFUSED, "the server starts with 2 entries"),
        (ON + "cron", "the server does not start; a reload keeps the old configuration"),
        (ON + WRONG, "the server does not start; a reload keeps the old entries"),
        (ON + BAD, "the server does not start; a reload leaves no entry running"),
        (ON + job() + BAD,
         "the server does not start; a reload leaves running only the entry before it"),
        (ON + job() + job("retry = 1") + BAD + CRASH,
         "the server does not start; a reload leaves running only the 2 entries before it"),
        # All entries are read before the first schedule is.
        (ON + BAD + WRONG, "the server does not start; a reload keeps the old entries"),
        (ON + CRASH + BAD, "the server crashes at its start, and at a reload"),
        ("[cron_plugin]\n" + WRONG, "the plugin is off: the server starts, and no entry runs"),
        (job(), "Faktory Enterprise runs 1 entry"),
        (job() + WRONG, "Faktory Enterprise may refuse entry 2"),
        ("cron = 3\n" + ON, "the server starts with 0 entries"),
    ],
)  # fmt: skip
def test_the_verdict_is_that_of_the_first_thing_in_the_servers_way(text, said):
    assert verdict(crontab(text)) == said


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([ON + job()], ["1 entry of 1 file: the server accepts it"]),
        ([ON + job(), ON + job()], ["2 entries of 2 files: the server accepts them"]),
        ([""], ["1 warning in 1 file; the plugin is off: the server starts, and no entry runs"]),
        (
            [ON + job(), ON + BAD + REFUSED + job("x = 1")],
            [
                "2 errors, 1 warning in 4 entries of 2 files",
                "a.toml: the server does not start; a reload leaves no entry running",
            ],
        ),
    ],
)
def test_the_summary_counts_and_names_the_documents_that_do_not_run(texts, said):
    crontabs = [crontab(text) for text in texts]
    findings = [finding for each in crontabs for finding in each.findings]
    assert files_summary(crontabs, findings) == said


def test_schedules_are_counted_likewise():
    assert schedules_summary([], 1) == "1 schedule: the server accepts it"
    assert schedules_summary([], 2) == "2 schedules: the server accepts them"
