"""Whether any entry runs at all, and what falls into another file's table."""

import pytest

from jobctl.cron.crontab import Flavour, verdict
from tests.cron.tables import ON, crontab, job, told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[cron_plugin]\nenabled = false\n", ("warning", "plugin-off", 2, 1)),
        ("[cron_plugin]\nenabled = 'true'\n", ("error", "plugin-off", 2, 11)),
        ("[cron_plugin]\nenabled = 1\n", ("error", "plugin-off", 2, 11)),
        ("[cron_plugin]\n", ("error", "plugin-off", 1, 2)),
        ("[cron_plugin]\nenable = true\n", ("error", "plugin-off", 2, 10)),
        ("cron_plugin = true\n", ("error", "plugin-off", 1, 15)),
        ("[[cron_plugin]]\nenabled = true\n", ("error", "plugin-off", 1, 3)),
        ("[cron_plugins]\nenabled = true\n", ("error", "plugin-off", 1, 2)),
    ],
)
def test_what_does_not_turn_the_plugin_on_is_said(text, expected):
    found = crontab(text + job())
    assert told(found) == [expected]
    assert not found.enabled
    assert len(found.entries) == 1


def test_entries_alone_are_read_as_enterprise_reads_them_and_that_is_said():
    found = crontab(job(), directory=True)
    assert told(found) == [("warning", "flavour", 1, 3)]
    assert (found.flavour, found.enabled) == (Flavour.ENTERPRISE, True)
    assert "runs" not in found.findings[0].message
    found = crontab(job())
    assert told(found) == [("warning", "flavour", 1, 3)]
    assert "validate their directory" in (found.findings[0].hint or "")


def test_whose_files_they_are_can_be_told():
    found = crontab(job(), flavour=Flavour.ENTERPRISE)
    assert (told(found), found.flavour) == ([], Flavour.ENTERPRISE)
    found = crontab(job(), directory=True, flavour=Flavour.PLUGIN)
    assert told(found) == [("error", "plugin-off", 1, 3)]
    found = crontab(job(), flavour=Flavour.PLUGIN)
    assert told(found) == [("warning", "plugin-off", 1, 3)]
    assert "validate their directory" in (found.findings[0].hint or "")


def test_a_plugin_that_is_on_starts_without_entries():
    found = crontab(ON, directory=True)
    assert told(found) == [("warning", "no-entries", 2, 1)]
    assert verdict(found) == "the server starts with 0 entries"


def test_what_else_is_in_the_plugins_table_is_not_read():
    assert told(crontab(ON + "zone = 'UTC'\n" + job())) == [("warning", "unknown-key", 3, 1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("warning", "no-entries", 1, 1)),
        ("# nothing\n\n", ("warning", "no-entries", 1, 10)),
        ("[redis]\nx = 1\n", ("warning", "no-entries", 2, 6)),
        ("cron = []\n" + ON, ("warning", "no-entries", 1, 1)),
        ("cron = 3\n" + ON, ("error", "not-entries", 1, 8)),
        ("cron = [{}, 3]\n" + ON, ("error", "not-entries", 1, 8)),
    ],
)
def test_a_file_without_entries_says_so(text, expected):
    assert told(crontab(text)) == [expected]


def test_keys_at_the_start_of_a_file_fall_into_the_table_before():
    found = crontab(ON + job(), "# more\nretry = 3\nqueue = 'x'\n\n" + job("retry = 1"))
    (finding,) = found.findings
    assert (finding.code, finding.file, finding.line) == ("stray-key", "b.toml", 2)
    assert finding.message == (
        "retry (and 1 more key) of b.toml falls into [cron.job] of a.toml line 5"
    )
    assert found.entries[0].queue == "x"


def test_files_without_any_header_before_them_lose_nothing():
    assert told(crontab("x = 1", "y = 2\n" + ON + job())) == []


def test_a_misspelled_table_beside_the_entries_is_told():
    found = crontab(ON + job() + "[[Cron]]\nschedule = '@daily'\n")
    assert [(each.code, each.line) for each in found.findings] == [("unknown-key", 7)]
