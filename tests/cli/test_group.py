"""Groups, and the filters that select them."""

import json
import shlex
from datetime import UTC, datetime

import pytest

from jobctl.model.population import lifelike
from tests.builders import NOW, failed, job, retry

KEYS = ["type", "queue", "errtype", "fingerprint", "hour", "day", "type,errtype,fingerprint,day"]
ODD = [
    failed("odd-00000001", jobtype=7),
    failed("odd-00000002", jobtype="7"),
    failed("odd-00000003", jobtype="null", failure={"message": 'say "hi" $HOME `x` \\ \x1b[1m'}),
    failed("odd-00000004", jobtype="two words, (three)", queue="Zoë"),
    failed("odd-00000005", failure={"errtype": None, "message": None}),
    failed("odd-00000006", jobtype=True, failure={"message": "it's 5 o'clock"}),
    b"not json",
]


@pytest.fixture
def population(raw, store, noon):
    store.seeds.sow(lifelike(datetime.fromtimestamp(NOW, UTC)), NOW)
    retry(raw, *ODD)
    raw.zadd("dead", {b"no json at all": NOW})


@pytest.fixture
def groups(jobctl):
    def run(*argv):
        ran = jobctl(*argv, "-o", "json")
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    return run


@pytest.mark.parametrize("by", KEYS)
@pytest.mark.parametrize("kind", ["retries", "dead"])
def test_each_rows_filter_selects_exactly_its_jobs(population, groups, jobctl, kind, by):
    rows = groups(kind, "group", "--by", by)
    assert sum(row["count"] for row in rows) == int(jobctl(kind, "count", "-o", "tsv").out)
    for row in rows:
        ran = jobctl(kind, "count", *shlex.split(row["filter"]), "-o", "tsv")
        assert (ran.code, ran.out.strip()) == (0, str(row["count"])), row["filter"]


@pytest.mark.parametrize("by", ["hour", "day"])
@pytest.mark.parametrize("kind", ["scheduled", "dead"])
def test_the_first_and_the_last_times_there_are_have_groups(raw, groups, jobctl, kind, by):
    half_a_year = 180 * 86400 if kind == "dead" else 0
    ends = (-62135596800, -62135596799, 253402300799 - half_a_year, 253402300799.5 - half_a_year)
    odd = (float("inf"), float("-inf"), 1796000123000, -62135596801)
    for score in (*ends, *odd):
        raw.zadd(kind, {job(str(score)): score + half_a_year})
    rows = groups(kind, "group", "--by", by)
    assert [row["count"] for row in rows] == [5, 2, 1]  # Go's zero time is no time either
    assert {row[by] and row[by][:4] for row in rows} == {None, "9999", "0001"}
    for row in rows:
        ran = jobctl(kind, "count", *shlex.split(row["filter"]))
        assert ran.out.strip() == str(row["count"]), row["filter"]


def test_the_filter_that_was_given_is_part_of_each_rows(population, groups, jobctl):
    given = ("--type", "QuickbooksSyncJob", "-w", "retry_count>=2")
    rows = groups("retries", "group", "--by", "hour", *given)
    assert rows
    for row in rows:
        assert row["filter"].startswith("--type QuickbooksSyncJob -w 'retry_count>=2' -w ")
        count = jobctl("retries", "count", *shlex.split(row["filter"]), "-o", "tsv").out
        assert int(count) == row["count"]


def test_the_most_frequent_come_first_with_their_share(raw, groups, noon):
    retry(raw, failed("jid-00000001"), failed("jid-00000002"), failed("jid-00000003", jobtype="A"))
    assert groups("retries", "group", "--by", "type") == [
        {
            "type": "SendEmail", "count": 2, "share": 0.666667, "oldest": "2026-09-21T14:13:20Z",
            "newest": "2026-09-21T14:13:21Z", "filter": "-w jobtype=SendEmail",
        },
        {
            "type": "A", "count": 1, "share": 0.333333, "oldest": "2026-09-21T14:13:22Z",
            "newest": "2026-09-21T14:13:22Z", "filter": "-w jobtype=A",
        },
    ]  # fmt: skip


def test_a_limit_says_what_it_leaves_out(population, jobctl):
    ran = jobctl("retries", "group", "--by", "type", "--limit", "2", "-o", "tsv")
    assert len(ran.out.splitlines()) == 3
    assert "more groups" in ran.err


@pytest.mark.parametrize("by", ["typ", "", "type,,hour", "jid"])
def test_an_unknown_key_is_a_mistake(jobctl, by):
    ran = jobctl("retries", "group", "--by", by)
    assert ran.code == 2
    assert "--by" in ran.err


def test_groups_have_no_ids(jobctl):
    assert jobctl("retries", "group", "-o", "ids").code == 2


@pytest.mark.parametrize("width", [60, 100])
def test_the_table_has_bars_and_fits(population, jobctl, golden, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    ran = jobctl("retries", "group", "--by", "errtype,fingerprint", "--color", "never", tty=True)
    lines = [line.rstrip() for line in ran.out.splitlines()]
    assert all(len(line) <= width for line in lines)
    golden(f"group-{width}.txt", "\n".join(lines) + "\n")


def test_the_library_groups(population, store):
    found = store.retries.group(["type"], "retry_count>=0")
    assert found[0].values == {"type": "QuickbooksSyncJob"}
