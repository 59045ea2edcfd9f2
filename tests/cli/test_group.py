"""Groups, and the filters that select them."""

import csv
import io
import json
import shlex

import pytest

from jobctl.demo.population import lifelike
from jobctl.demo.seeding import seed
from tests.builders import NOW, failed, job, retry

KEYS = [
    *("type", "class", "queue", "errtype", "fingerprint", "hour", "day"),
    "type,errtype,fingerprint,day",
]
TSV = {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
ODD = [
    failed("odd-00000001", jobtype=7),
    failed("odd-00000002", jobtype="7"),
    failed("odd-00000003", jobtype="null", failure={"message": 'say "hi" $HOME `x` \\ \x1b[1m'}),
    failed("odd-00000004", jobtype="two words, (three)", queue="Zoë"),
    failed("odd-00000005", failure={"errtype": None, "message": None}),
    failed("odd-00000006", jobtype=True, failure={"message": "it's 5 o'clock"}),
    failed("odd-00000007", jobtype=7.0),
    failed("odd-00000008", jobtype=[7], queue="", failure={"errtype": {"a": "b\n"}}),
    failed("odd-00000009", jobtype="App\\Jobs\\new", failure={"errtype": "App\\Jobs\new"}),
    failed("odd-00000010", jobtype="a\tb", queue="a\\tb", failure={"message": "a\\\\b 7"}),
    failed("odd-00000011", jobtype="a\\tb", queue="a\\\\tb", failure={"message": "a\\b 7"}),
    failed("odd-00000012", args=[{"job_class": "App\\Report"}], failure={"message": "5 < 6"}),
    failed("odd-00000013", custom={"wrapped": "App\\Report"}, failure={"message": "7 < 8"}),
    failed("odd-00000014", jobtype="\0\x1b[1m\x9b\u202e", failure={"errtype": "one\rtwo"}),
    b"not json",
]


@pytest.fixture
def population(raw, store, noon):
    seed(store.backend.connection, lifelike(NOW))
    retry(raw, *ODD)
    raw.zadd("dead", {b"no json at all": NOW})


@pytest.mark.parametrize("by", KEYS)
@pytest.mark.parametrize("kind", ["retries", "dead"])
def test_each_rows_filter_selects_exactly_its_jobs(population, report, jobctl, kind, by):
    rows = report(kind, "group", "--by", by)
    assert sum(row["count"] for row in rows) == int(jobctl(kind, "count", "-o", "tsv").out)
    for row in rows:
        ran = jobctl(kind, "count", *shlex.split(row["filter"]), "-o", "tsv")
        assert (ran.code, ran.out.strip()) == (0, str(row["count"])), row["filter"]


@pytest.mark.parametrize("by", KEYS)
@pytest.mark.parametrize("form", ["tsv", "csv"])
def test_a_rows_filter_is_pasted_as_a_pipe_prints_it(population, jobctl, form, by):
    out = jobctl("retries", "group", "--by", by, "-o", form).out
    for row in csv.DictReader(io.StringIO(out, newline=""), **(TSV if form == "tsv" else {})):
        ran = jobctl("retries", "count", *shlex.split(row["filter"]), "-o", "tsv")
        assert (ran.code, ran.out.strip()) == (0, row["count"]), row["filter"]


def test_a_table_shows_filters_whole_or_not_at_all(population, jobctl, monkeypatch):
    for width in (80, 100, 120, 160, 250):
        monkeypatch.setenv("COLUMNS", str(width))
        ran = jobctl("retries", "group", "--color", "never", tty=True)
        head, _, *lines = ran.out.splitlines()
        assert ("no room for" in ran.err) == ("filter" not in head)
        if "filter" in head:
            shown = [line[head.index("filter") :].strip() for line in lines]
            counts = [jobctl("retries", "count", *shlex.split(text)).out for text in shown]
            assert [int(n) for n in counts] == [
                int(line.split("%")[0].split()[-2]) for line in lines
            ]
    assert "filter" in head


def test_a_fingerprints_filter_is_short_and_longer_where_two_begin_alike(raw, report, jobctl):
    retry(
        raw, failed("a", failure={"message": "after 5 s"}), failed("b", failure={"message": None})
    )
    rows = report("retries", "group", "--by", "fingerprint")
    assert [row["filter"] for row in rows] == ["-w fingerprint=null", "-w fingerprint=7c5a53"]
    alike = ("abff", "agwg")  # their digests begin with the same six digits
    retry(raw, *(failed(text, failure={"message": text}) for text in alike))
    for row in report("retries", "group", "--by", "fingerprint"):
        digest = row["filter"].rpartition("=")[2]
        assert row["fingerprint"] not in alike or len(digest) == 12
        assert int(jobctl("retries", "count", *shlex.split(row["filter"])).out) == 1


def test_the_text_of_a_fingerprint_selects_it_too(population, jobctl):
    row = jobctl("retries", "group", "--by", "fingerprint", "--no-header", "-o", "tsv").out
    text, count, *_ = row.splitlines()[0].split("\t")
    ran = jobctl("retries", "count", "-w", f"fingerprint={json.dumps(text)}", "-o", "tsv")
    assert ran.out.strip() == count


@pytest.mark.parametrize("by", ["hour", "day"])
@pytest.mark.parametrize("kind", ["scheduled", "dead"])
def test_the_first_and_the_last_times_there_are_have_groups(raw, report, jobctl, kind, by):
    half_a_year = 180 * 86400 if kind == "dead" else 0
    ends = (-62135596800, -62135596799, 253402300799 - half_a_year, 253402300799.5 - half_a_year)
    odd = (float("inf"), float("-inf"), 1796000123000, -62135596801)
    for score in (*ends, *odd):
        raw.zadd(kind, {job(str(score)): score + half_a_year})
    rows = report(kind, "group", "--by", by)
    assert [row["count"] for row in rows] == [5, 2, 1]  # Go's zero time is no time either
    assert {row[by] and row[by][:4] for row in rows} == {None, "9999", "0001"}
    for row in rows:
        ran = jobctl(kind, "count", *shlex.split(row["filter"]))
        assert ran.out.strip() == str(row["count"]), row["filter"]


def test_the_filter_that_was_given_is_part_of_each_rows(population, report, jobctl):
    given = ("--type", "QuickbooksSyncJob", "-w", "retry_count>=2")
    rows = report("retries", "group", "--by", "hour", *given)
    assert rows
    for row in rows:
        assert row["filter"].startswith("--type QuickbooksSyncJob -w 'retry_count>=2' -w ")
        count = jobctl("retries", "count", *shlex.split(row["filter"]), "-o", "tsv").out
        assert int(count) == row["count"]


def test_a_limit_says_what_it_leaves_out(population, jobctl):
    ran = jobctl("retries", "group", "--by", "type", "--limit", "2", "-o", "tsv")
    assert len(ran.out.splitlines()) == 3
    assert "more groups" in ran.err


@pytest.mark.parametrize("width", [60, 100])
def test_the_table_has_bars_and_fits(population, jobctl, golden, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    ran = jobctl("retries", "group", "--by", "errtype,fingerprint", "--color", "never", tty=True)
    lines = ran.out.splitlines()
    assert all(len(line) <= width for line in lines)
    golden(f"group-{width}.txt", "\n".join(lines) + "\n")


def test_the_library_groups(population, store):
    found = store.retries.group(["type"], "retry_count>=0")
    assert found[0].values == {"type": "QuickbooksSyncJob"}
