"""The verbs, as a shell script uses them."""

import json

import pytest

from tests.builders import NOW, enqueue, failed, job, retry

HALF_A_YEAR = 180 * 86400


@pytest.fixture
def shop(raw, noon):
    """Three retries a second apart, and a queue."""
    members = [
        failed("jid-00000001"),
        failed("jid-00000002", jobtype="Import", failure={"errtype": "Timeout"}),
        failed("jid-00000003", queue="mailers"),
    ]
    retry(raw, *members)
    enqueue(raw, "default", job("queued-00001"))
    return members


def test_kill_moves_to_dead_in_order_with_the_bytes_as_they_were(shop, raw, report):
    found = report("retries", "kill", "--type", "SendEmail", "--yes")
    assert (found["before"], found["after"]) == (
        {"retries": 3, "dead": 0}, {"retries": 1, "dead": 2},
    )  # fmt: skip
    dead = raw.zrange("dead", 0, -1, withscores=True)
    assert [member for member, _ in dead] == [shop[0], shop[2]]
    assert dead[0][1] == pytest.approx(NOW + HALF_A_YEAR, abs=1e-6)
    assert dead[1][1] == pytest.approx(NOW + HALF_A_YEAR + 1e-6, abs=3e-7)


@pytest.mark.parametrize("queue", [None, ""])
def test_a_job_that_names_no_queue_goes_to_default(raw, report, noon, queue):
    enqueue(raw, "other", job("queued-00001"))
    retry(raw, failed("jid-00000001", queue=queue) if queue is None else failed(queue=""))
    report("retries", "requeue", "--all", "--yes")
    assert raw.llen("q:default") == 1


@pytest.mark.parametrize("queue", ["two words", "q*", 7, ["default"], "naïve"])
def test_a_job_whose_queue_cannot_be_fails_and_stays(raw, jobctl, noon, queue):
    enqueue(raw, "default", job("queued-00001"))
    retry(raw, failed("jid-00000001", queue=queue), failed("jid-00000002"))
    ran = jobctl("retries", "requeue", "--all", "--yes", "-o", "json")
    found = json.loads(ran.out)
    assert (ran.code, found["matched"], found["done"], found["failed"]) == (5, 2, 1, 1)
    assert "no queue can be called" in ran.err
    assert raw.zcard("retries") == 1


def test_a_queue_that_is_there_takes_jobs_whatever_it_is_called(raw, report, noon):
    enqueue(raw, "high priority", job("queued-00001"))
    retry(raw, failed("jid-00000001", queue="high priority"), failed("jid-00000002"))
    operation = report("retries", "requeue", "--jid", "jid-00000001", "--yes")["operation"]
    report("retries", "requeue", "--all", "--to", "high priority", "--yes")
    assert raw.llen("q:high priority") == 3
    report("undo", operation, "--yes")
    assert raw.zcard("retries") == 1


def test_what_is_no_job_can_be_discarded_and_killed_but_not_requeued(raw, jobctl, noon):
    enqueue(raw, "default", job("queued-00001"))
    retry(raw, b"not json", b"\xff\xfe")
    ran = jobctl("retries", "requeue", "--malformed", "--yes", "-o", "json")
    assert (ran.code, json.loads(ran.out)["failed"]) == (1, 2)
    assert raw.zcard("retries") == 2
    assert jobctl("retries", "kill", "--malformed", "--yes").code == 0
    assert set(raw.zrange("dead", 0, -1)) == {b"not json", b"\xff\xfe"}


@pytest.mark.parametrize(
    ("option", "first", "last"), [("--in", NOW + 3600, NOW + 3600), ("--spread", NOW, NOW + 2400)]
)
def test_requeue_later_goes_to_scheduled(shop, raw, report, option, first, last):
    found = report("retries", "requeue", "--all", option, "1h", "--yes")
    assert found["after"] == {"retries": 0, "scheduled": 3}
    scheduled = raw.zrange("scheduled", 0, -1, withscores=True)
    assert [member for member, _ in scheduled] == shop
    assert scheduled[0][1] == pytest.approx(first, abs=1e-5)
    assert scheduled[-1][1] == pytest.approx(last, abs=1e-5)


@pytest.mark.parametrize(
    ("when", "expected"),
    [(("--at", "2030-01-01T00:00:00Z"), 1893456000), (("--in", "90s"), NOW + 90),
     (("--at", "1893456000000000"), 1893456000), (("--at", "+2h"), NOW + 7200),
     (("--at", "-5m"), NOW - 300)],
)  # fmt: skip
def test_reschedule_gives_another_time_and_nothing_else(shop, raw, report, when, expected):
    report("retries", "reschedule", "--jid", "jid-00000002", *when, "--yes")
    assert raw.zscore("retries", shop[1]) == pytest.approx(expected, abs=1e-5)
    assert raw.zscore("retries", shop[0]) == NOW


def test_the_last_of_many_jobs_still_has_a_time(raw, jobctl, report):
    retry(raw, *(failed(f"jid-{i:08}") for i in range(100)))
    report("retries", "reschedule", "--all", "--at", "9999-12-31T23:59:59Z", "--yes")
    assert jobctl("retries", "count", "-w", "at>=9999-12-31T23:59:58Z").out == "100\n"


@pytest.mark.parametrize("verb", ["kill", "discard", "requeue"])
def test_a_dry_run_counts_and_changes_nothing(shop, raw, report, own_journal, verb):
    keys, before = sorted(raw.keys()), raw.zrange("retries", 0, -1, withscores=True)
    found = report("retries", verb, "--type", "SendEmail", "--dry-run")
    assert (found["matched"], found["done"], found["dry_run"]) == (2, 0, True)
    assert found["operation"] is None
    assert (sorted(raw.keys()), raw.zrange("retries", 0, -1, withscores=True)) == (keys, before)
    assert not list(own_journal.glob("*"))


@pytest.mark.parametrize(
    ("guard", "code"),
    [(("--expect", "2"), 0), (("--expect", "3"), 7), (("--max", "2"), 0), (("--max", "1"), 7),
     (("--expect", "2", "--limit", "1"), 0), (("--max", "1", "--limit", "1"), 7)],
)  # fmt: skip
@pytest.mark.parametrize("dry", [True, False])
def test_guards_test_what_matched_before_the_limit(shop, raw, jobctl, guard, code, dry):
    ran = jobctl("retries", "kill", "--type", "SendEmail", *guard, "-n" if dry else "--yes")
    assert ran.code == code
    assert code == 0 or "nothing was changed" in ran.err
    assert raw.zcard("dead") == (0 if dry or code else 1 if "--limit" in guard else 2)


def test_jobs_that_a_change_makes_the_same_are_told_of_in_every_format(raw, jobctl, noon):
    def spread(*words):
        raw.flushdb()
        retry(raw, *(failed(count=count) for count in range(5)))
        return jobctl("retries", "requeue", "--all", "--spread", "1h", "--reset-retries", *words)

    found = json.loads(spread("--yes", "-o", "json").out)
    assert (found["done"], found["merged"], raw.zcard("scheduled")) == (5, 4, 1)
    same = "4 of them were there already: now there is one of each"
    assert same in spread("--yes", "-o", "tsv").err
    assert same in spread("--yes", "-o", "table").out


def test_where_only_bare_lists_are_they_are_used_and_the_systems_own_keys_never(raw, jobctl, noon):
    enqueue(raw, "default", job("queued-00001"), form="")
    retry(raw, failed("jid-00000001"), failed("jid-00000002", queue="processed"))
    assert jobctl("retries", "requeue", "--all", "--yes").code == 5
    assert (raw.llen("default"), raw.exists("processed"), raw.zcard("retries")) == (2, 0, 1)
    assert jobctl("retries", "requeue", "--all", "--to", "dead", "--yes").code == 2


def test_a_rate_holds_it_back(raw, report):
    retry(raw, *(failed(f"jid-{i:08d}") for i in range(12)))
    found = report("retries", "kill", "--all", "--rate", "20/s", "--yes")
    assert found["done"] == 12
    assert found["seconds"] >= 0.3


def test_what_others_do_meanwhile_is_told_apart(shop, raw, store):
    from jobctl import Where
    from jobctl.model.verbs import Guards
    from jobctl.operations.request import Watch

    class Meddler(Watch):
        def acting(self, done, total):
            if done == 0:
                raw.zrem("retries", shop[0])
                raw.zadd("retries", {failed("jid-00000009"): NOW})

    found = store.retries.kill(Where(), guards=Guards(everything=True), watch=Meddler())
    assert (found.matched, found.done, found.gone) == (3, 2, 1)
    assert found.others == {"retries": 0, "dead": 0}  # one went, one came
    assert found.moved == {"retries": -2, "dead": 2}


def test_the_table_says_what_happened_and_what_there_was(shop, jobctl, golden):
    ran = jobctl("retries", "kill", "--type", "SendEmail", "--yes", "--color", "never", tty=True)
    golden("kill.txt", ran.out)


def test_a_dry_run_shows_count_histogram_and_sample(shop, jobctl, golden, url):
    ran = jobctl("retries", "kill", "--all", "--dry-run", "-o", "table")
    text = ran.out.replace(url, "URL")
    golden("dry-run.txt", text)


def test_an_expression_without_an_end_changes_nothing_and_names_the_job(raw, noon, jobctl):
    retry(raw, failed("fine-0000001"), failed("long-0000001", failure={"message": "a" * 40 + "!"}))
    for asked in (("--error", "(a|a)+$"), ("-w", 'not message~"(a|a)+$"')):
        ran = jobctl("retries", "discard", *asked, "--yes", "-o", "ids")
        assert (ran.code, ran.out, raw.zcard("retries")) == (2, "", 2)
        assert "(a|a)+$ takes longer than 100 ms on one text of job long-0000001" in ran.err


def test_a_type_selects_by_the_class_too_but_not_in_a_mutation(raw, noon, report):
    wrapped = {"jobtype": "Wrapper", "args": [{"job_class": "Nightly"}]}
    retry(raw, failed("jid-00000001", **wrapped), failed("jid-00000002", jobtype="Nightly"))
    document = '{"cmd":"kill","target":"retries","filter":{"jobtype":"Nightly"}}'
    assert report("mutate", document, "-n")["matched"] == 1
    assert report("retries", "kill", "-w", "jobtype=Nightly", "-n")["matched"] == 1
    assert report("retries", "kill", "-w", "class=Nightly", "-n")["matched"] == 2
    assert report("retries", "kill", "-w", "type=Nightly", "-n")["matched"] == 2
    assert report("retries", "kill", "--type", "Nightly", "--type", "X", "-n")["matched"] == 2
    assert report("retries", "kill", "--type", "Wrapper", "--yes")["done"] == 1
    assert report("retries", "kill", "--type", "Nightly", "--yes")["done"] == 1
