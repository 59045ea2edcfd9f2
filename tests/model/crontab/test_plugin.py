"""Whether any entry runs at all, and what falls into another file's table."""

import pytest

from tests.model.crontab.making import ON, crontab, job, told


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


def test_entries_alone_are_an_error_where_all_files_are_known():
    assert told(crontab(job(), directory=True)) == [("error", "plugin-off", 1, 3)]
    found = crontab(job())
    assert told(found) == [("warning", "plugin-off", 1, 3)]
    assert "validate their directory" in (found.findings[0].hint or "")


def test_what_else_is_in_the_plugins_table_is_not_read():
    assert told(crontab(ON + "zone = 'UTC'\n" + job())) == [("warning", "unknown-key", 3, 1)]


def test_entries_are_checked_where_the_plugin_is_off_as_well():
    found = crontab("[cron_plugin]\nenabled = false\n" + job("retry = 'x'"))
    assert [each.code for each in found.findings] == ["plugin-off", "wrong-type"]


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


def test_each_file_that_goes_on_is_told_once():
    found = crontab(ON + job(), "retry = 3", "queue = 'x'")
    assert [(each.file, each.code) for each in found.findings] == [
        ("b.toml", "stray-key"),
        ("c.toml", "stray-key"),
    ]


def test_files_without_any_header_before_them_lose_nothing():
    assert told(crontab("x = 1", "y = 2\n" + ON + job())) == []


def test_a_misspelled_table_beside_the_entries_is_told():
    found = crontab(ON + job() + "[[Cron]]\nschedule = '@daily'\n")
    assert [(each.code, each.line) for each in found.findings] == [("unknown-key", 7)]
