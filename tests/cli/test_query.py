"""``jobctl query``: what it shows, counts, explains and refuses."""

import pytest

from tests.builders import NOW
from tests.recording import START, orphan, record
from tests.trouble import denied

READING = {
    "scard", "zcard", "zcount", "sscan", "smismember", "zmscore", "zrange", "zrank", "zrevrank",
    "hgetall", "hget", "hlen", "exists",
}  # fmt: skip
GREETING = {
    "client|setname", "info", "time", "type", "sscan", "select", "config|resetstat",
}  # fmt: skip
DAY = 86_400_000_000


@pytest.fixture
def shop(raw):
    """Five records, and what is odd about indexes."""
    now = int(NOW * 1e6)
    record(raw, "job-1", state="failed", job_name="SendEmail", recorded_at=now - 5 * DAY,
           failed_at=now - 4 * DAY, errors=["first", "last\x1b[31m"], progress=0.5)  # fmt: skip
    record(raw, "job-2", state="succeeded", job_name="Import", recorded_at=now - 3 * DAY,
           progress=1.0, job_args={"user": "u-1"}, data={"rows": 7},
           provider_job_id=42)  # fmt: skip
    record(raw, "job-3", state="started", job_name="SendEmail", recorded_at=now - DAY, attempt=1)
    record(raw, "job-4", state="failed", job_name="Retryer", recorded_at=now - 60_000_000,
           failed_at=now - 30_000_000, errors=["timeout"])  # fmt: skip
    record(raw, "job-5", state="queued", recorded_at=None)
    raw.sadd("jobba:failed", "job-3")  # a restart by the gem left it there
    orphan(raw, "ghost", "failed", "recorded_at", at=now)


def ids(ran):
    assert (ran.code, ran.err) == (0, "")
    return ran.out.split()


@pytest.mark.usefixtures("shop", "noon")
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((), "job-4 job-3 job-2 job-1 job-5"),
        (("--reverse",), "job-1 job-2 job-3 job-4 job-5"),
        (("--sort", "recorded_at"), "job-1 job-2 job-3 job-4 job-5"),
        (("--sort", "failed_at", "--reverse"), "job-4 job-1 job-2 job-3 job-5"),
        (("--sort", "job_name"), "job-2 job-4 job-1 job-3 job-5"),
        (("--sort", "job_name", "--reverse"), "job-3 job-1 job-4 job-2 job-5"),
        (("--limit", "9", "--offset", "4"), "job-5"),
        (("--limit", "0"), ""),
        (("-w", "state=working"), "job-3"),
        (("-w", "state=failed", "-w", "job_name=SendEmail,Retryer", "-w", "recorded_at>=-2d"),
         "job-4"),
        (("-w", "id=job-5,job-1,ghost,none"), "job-1 job-5"),
        (("--newer-than", "2d", "-w", "state=failed"), "job-4"),
    ],
    ids=str,
)  # fmt: skip
def test_a_query_gives_what_matches_newest_first(jobctl, asked, expected):
    assert ids(jobctl("query", *asked, "-o", "ids")) == expected.split()


@pytest.mark.usefixtures("shop", "noon")
def test_a_table_shows_the_last_error_and_how_far_it_is(jobctl):
    ran = jobctl("query", "-w", "state=completed", "--color", "never", tty=True)
    header, _, *lines = ran.out.splitlines()
    assert header.split() == [
        "id", "state", "progress", "job_name", "attempt", "recorded_at", "errors",
    ]  # fmt: skip
    assert lines[1].split() == [
        "job-2",
        "succeeded",
        "100%",
        "█████",
        "Import",
        "0",
        "3d",
        "ago",
        "-",
    ]
    assert lines[2].endswith(r"last\x1b[31m")
    assert "50%" in lines[2]


def test_a_terminal_gets_50_rows_and_is_told_how_many_more_there_are(raw, jobctl):
    for i in range(64):
        record(raw, f"r-{i}", recorded_at=START + i)
    orphan(raw, "ghost", "queued")
    ran = jobctl("query", tty=True)
    assert (len(ran.out.splitlines()), ran.err) == (52, "14 more: --limit, or a condition\n")
    assert len(jobctl("query", "--limit", "60", tty=True).out.splitlines()) == 62
    assert len(jobctl("query").out.splitlines()) == 65
    assert jobctl("query", "-w", "id=r-1", tty=True).err == ""


def test_where_counting_them_takes_long_it_says_how_many_there_are_at_most(
    raw, jobctl, monkeypatch
):
    monkeypatch.setattr("jobctl.cli.query._COUNTED", 60)
    for i in range(64):
        record(raw, f"r-{i}", recorded_at=START + i)
    said = "there are more, 64 at most: --limit, a condition, or --count\n"
    assert jobctl("query", tty=True).err == said
    assert jobctl("query", "-w", "state=queued", tty=True).err == said


@pytest.mark.usefixtures("shop", "noon")
def test_count_counts_rows_and_index_what_the_indexes_hold(jobctl):
    assert jobctl("query", "-w", "state=failed,started", "--count", "--index").out == "5\n"
    assert jobctl("query", "--count", "--index").out == "7\n"  # job-3 is in two sets
    ran = jobctl("query", "-w", "id=job-1,nobody", "--count")
    assert (ran.out, ran.err) == ("1\n", "")  # what was only named is in no index


@pytest.mark.usefixtures("shop", "noon")
def test_a_regular_expression_that_finds_nothing_says_what_it_finds_ignoring_case(jobctl):
    said = "hint: 1 match ignoring case: -w '{}'\n"
    for asked, relaxed in (
        ("error~TIMEout", 'error~"(?i)TIMEout"'),
        ("state=failed and error~TIMEout,X", 'state=failed and error~"(?i)TIMEout","(?i)X"'),
        ("error~TIME or job_name~zzz", 'error~"(?i)TIME" or job_name~"(?i)zzz"'),
    ):
        ran = jobctl("query", "-w", asked, "-o", "ids")
        assert (ran.code, ran.out, ran.err) == (0, "", said.format(relaxed))
        assert ids(jobctl("query", "-w", relaxed, "-o", "ids")) == ["job-4"]
        ran = jobctl("query", "-w", asked, "--count")
        assert ran.out == "0\n"
        assert said.format(relaxed) in ran.err
    for asked in ("error~nowhere", "error!~T", "error=TIMEOUT", "error~time", "not (error~TIME)"):
        assert "ignoring case" not in jobctl("query", "-w", asked).err


@pytest.mark.usefixtures("shop")
def test_a_query_sends_nothing_that_writes(raw, jobctl):
    raw.config_resetstat()
    for asked in (
        (), ("-w", "state=failed", "--count"), ("-w", "state=failed", "-w", "job_name=SendEmail"),
        ("--sort", "job_name"), ("-w", "id=job-1,nobody"), ("--count", "--index"),
        ("-w", "recorded_at>=-9d", "--limit", "2", "--explain"),
    ):  # fmt: skip
        assert jobctl("query", *asked, "-o", "jsonl").code == 0
    sent = {name.removeprefix("cmdstat_") for name in raw.info("commandstats")}
    assert sent <= READING | GREETING
    assert not raw.exists("jobba:id:nobody")


@pytest.mark.usefixtures("shop")
def test_who_may_only_read_can_query(raw, jobctl, server):
    rules = ("-@all", "+@read", "+time")
    with denied(raw, server.url, *rules, keys=("~jobba:*",)) as url:
        ran = jobctl("query", "-w", "state=failed", "-w", "job_name=Retryer", "-o", "ids", url=url)
        assert ids(ran) == ["job-4"]
        ran = jobctl("query", "--count", url=url)
        assert (ran.code, ran.out) == (0, "5\n")


@pytest.mark.parametrize("key", ["jobba:failed", "jobba:job_name:A", "jobba:recorded_at"])
def test_an_index_of_another_type_is_named(raw, jobctl, key):
    record(raw, "r-1", state="failed", job_name="A")
    raw.delete(key)
    raw.set(key, "x")
    jobctl("query", "-w", "state=failed", "-w", "job_name=A").fails(3, f"the key {key} of")


@pytest.mark.usefixtures("shop", "noon")
def test_ids_are_read_from_stdin(jobctl):
    given = "job-5\r\njob-1\n\nnobody\n"
    assert ids(jobctl("query", "-", "-o", "ids", stdin=given)) == ["job-1", "job-5"]
    assert ids(jobctl("query", "-", "-w", "state=failed", "-o", "ids", stdin=given)) == ["job-1"]
    assert jobctl("query", "-", "--count", stdin=given).out == "2\n"
    assert jobctl("query", "-", "-o", "json", stdin="").out == "[]\n"
    many = "".join(f"id-{i}\n" for i in range(3000))
    assert "and 2,980 more" in jobctl("query", "-", "--explain", stdin=many).out


@pytest.mark.usefixtures("shop")
def test_the_indexes_alone_count_only_what_they_answer(jobctl):
    ran = jobctl("query", "--count", "--index", "-w", "state=failed and error~time")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: --index counts in the indexes, and none answers error~time\n")
    assert jobctl("query", "--count", "--index", "-w", "recorded_at<today").code == 0


def test_a_record_key_of_another_type_harms_nothing_but_itself(jobctl, raw, store) -> None:
    for ident in ("a", "b"):
        store.records.create(ident, {"job_name": "Import"}, state="failed")
    raw.set("jobba:id:w", "no hash")
    raw.sadd("jobba:failed", "w")
    raw.sadd("jobba:job_name:Import", "w")
    for words in (("-w", "state=failed"), ("-w", "job_name=Import"), ("-w", "progress>=0"), ()):
        ran = jobctl("query", *words, "-o", "ids")
        told = "left out: the key jobba:id:w holds another type than a record\n"
        assert (ran.code, ran.err, sorted(ran.out.split())) == (0, told, ["a", "b"])
        ran = jobctl("query", *words, "--count")
        assert (ran.code, ran.out, ran.err) == (0, "2\n", told)
    assert jobctl("record", "stats", "-o", "json").err == told
    assert jobctl("record", "show", "w").code == 3
