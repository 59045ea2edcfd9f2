"""Whole outputs for people, at the widths people have."""

from pathlib import Path

import pytest

from tests.builders import failed, retry, small_shop

LISTINGS = {
    "retries": ("retries", "ls"),
    "scheduled": ("scheduled", "ls"),
    "dead": ("dead", "ls"),
    "working": ("working", "ls"),
    "queues": ("queue", "ls"),
    "jobs": ("queue", "jobs", "default"),
    "places": ("status", "queued-00001", "retry-000001", "no-such-job"),
}


@pytest.fixture
def people(raw, noon, jobctl, url, monkeypatch):
    """Run a command as someone at a terminal of some width does; the whole output as one text."""
    small_shop(raw)

    def run(width, *argv, color="never"):
        monkeypatch.setenv("COLUMNS", str(width))
        ran = jobctl(*argv, "--color", color, tty=True)
        lines = ran.out.replace(url, "URL").splitlines()
        assert lines == [line.rstrip() for line in lines]
        assert all(len(line) <= width for line in lines) or color != "never" or "wide" in argv
        return "\n".join([*lines, f"-- exit {ran.code}", ran.err.replace(url, "URL")])

    return run


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("name", LISTINGS)
def test_a_listing_fits_its_terminal(people, golden, name, width):
    golden(f"{name}-{width}.txt", people(width, *LISTINGS[name]))


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize(
    "jid", ["queued-00001", "retry-000002", "webhook-0001", "later-000001", "died-0000001",
            "held-0000001"]
)  # fmt: skip
def test_the_story_of_a_job_fits_its_terminal(people, golden, jid, width):
    golden(f"story-{jid}-{width}.txt", people(width, "status", jid))


def test_colour_is_there_when_it_is_asked_for(people, golden):
    golden("retries-colour.txt", people(100, "retries", "ls", color="always"))


def test_wide_shows_every_column_whole(people):
    header = people(60, "retries", "ls", "-o", "wide").splitlines()[0]
    assert header.split() == [
        "jid", "jobtype", "queue", "args", "at", "created_at", "enqueued_at", "retry",
        "retry_count", "remaining", "failed_at", "errtype", "message", "malformed",
    ]  # fmt: skip


def test_a_table_has_the_class_of_those_jobs_whose_type_is_another(people, raw):
    assert "class" not in people(200, "retries", "ls").splitlines()[0]
    wrapped = failed("wrapped-0001", jobtype="Wrapper", custom={"wrapped": "Nightly"})
    retry(raw, wrapped, at=1)
    head, _, first, *others, _ = people(200, "retries", "ls").splitlines()
    assert head.split()[-1] == "class"
    assert first.endswith("Nightly")
    assert not any(line.endswith("SendEmail") for line in others)
    assert "  class     Nightly" in people(80, "status", "wrapped-0001")
    assert "SendEmail" in people(80, "retries", "ls", "--columns", "jid,class")


def test_wide_pads_no_row_to_the_longest_value_of_another(raw, people):
    retry(raw, failed("long-000001", args=["x" * 4000]))
    header, rule, *rows = people(60, "retries", "ls", "-o", "wide").splitlines()[:6]
    assert max(map(len, (header, rule, *rows[1:]))) < 500
    assert "x" * 4000 in rows[0]
    assert "boom" in rows[0]


WIDTHS = ["0", "00", "-5", "abc", "²", "9" * 5000, "1", "3", "7", "20"]


@pytest.mark.parametrize("width", WIDTHS, ids=lambda width: width[:5])
def test_rows_are_shown_at_any_width(raw, noon, jobctl, monkeypatch, width):
    small_shop(raw)
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("LINES", width)
    for argv, shown in (
        (("retries", "ls"), "retry-0"),
        (("dead", "ls"), "died-0"),
        (("queue", "ls"), "default"),
        (("status", "retry-000001"), "retrying"),
        (("retries", "group"), "Import"),
        (("info",), "enqueued"),
        (("states",), "known"),
        (("cron", "next", "@daily"), "2026-"),
        (("retries", "kill", "--all", "--dry-run"), "3"),
    ):
        for tty in (False, True):
            ran = jobctl(*argv, "-o", "table", "--color", "never", tty=tty)
            assert ran.code == 0, ran.err
            assert shown in ran.out, (argv, ran.out)


def test_a_jid_is_never_cut_short(people):
    for width in (30, 40, 60):
        assert "retry-000002" in people(width, "retries", "ls")


def test_a_terminal_gets_50_rows_and_is_told_how_many_more_there_are(raw, jobctl):
    retry(raw, *(failed(f"jid-{i:08}", queue="odd" if i % 2 else "even") for i in range(130)))
    ran = jobctl("retries", "ls", tty=True)
    assert len(ran.out.splitlines()) == 52
    assert "80 more" in ran.err
    ran = jobctl("retries", "ls", "--queue", "odd", tty=True)
    assert "15 more" in ran.err
    assert len(jobctl("retries", "ls", "--limit", "100", tty=True).out.splitlines()) == 102
    assert len(jobctl("retries", "ls").out.splitlines()) == 131


def test_info_is_one_screen(people, golden):
    lines = people(80, "info").splitlines()
    server = next(i for i, line in enumerate(lines) if line.startswith(("Valkey", "Redis")))
    golden("info-80.txt", "\n".join(lines[:server] + lines[server + 1 :]))


def test_no_output_for_people_ends_a_line_in_blanks():
    goldens = sorted((Path(__file__).parents[1] / "golden").glob("*.txt"))
    assert len(goldens) > 40
    ending = [
        file.name for file in goldens for line in file.read_text().split("\n") if line[-1:] == " "
    ]
    assert ending == []
