"""``jobctl queue remove``, its undo, and what the journal tells of it; by Redis alone."""

import json

import pytest
import redis

from tests.builders import NOW, enqueue, job, reservation
from tests.everything import contents
from tests.trouble import denied


@pytest.fixture
def shop(raw):
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(7)))
    enqueue(raw, "mail", job("mail-00001", queue="elsewhere"), b"\xff odd", b"two\nlines")
    raw.sadd("paused", "mail")
    raw.sadd("queues", "empty")
    return raw


def remove(*names, **options):
    flags = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    return ("queue", "remove", *names, "--confirm", " ".join(names), *flags)


def test_nothing_of_it_stays_in_redis_but_what_it_remembers_for_a_week(shop, report):
    found = report(*remove("default", "mail"))
    ours = {key.decode() for key in shop.keys("jobctl:*")}
    assert ours == {"jobctl:server", f"jobctl:op:{found['operation']}"}
    assert 0 < shop.ttl(f"jobctl:op:{found['operation']}") <= 7 * 86400


@pytest.mark.parametrize(("registered", "paused"), [(True, False), (True, True), (False, True)])
def test_a_queue_without_a_list_is_a_queue(raw, jobctl, registered, paused):
    raw.sadd("queues", "other", *(["bare"] if registered else []))
    raw.sadd("paused", "other", *(["bare"] if paused else []))
    before = contents(raw)
    ran = jobctl(*remove("bare"), "-o", "table")
    assert ran.code == 0
    assert "removed 0 jobs" in ran.out
    assert (raw.sismember("queues", "bare"), raw.sismember("paused", "bare")) == (0, 0)
    operation = ran.err.split("undo: jobctl undo ")[1].split()[0]
    assert jobctl("undo", operation, "--yes").code == 0
    assert contents(raw) == before


def test_a_list_of_jobs_that_is_registered_nowhere_is_a_queue(raw, report):
    raw.rpush("q:stray", job("stray-0001"))
    operation = report(*remove("stray"))["operation"]
    assert raw.exists("q:stray", "queues") == 0
    report("undo", operation, "--yes")
    assert (raw.exists("q:stray"), raw.exists("queues")) == (1, 0)


def test_a_key_of_the_job_system_is_no_list_of_a_queue_that_is_called_like_it(shop, report):
    shop.zadd("retries", {job("retry-0001"): NOW})
    enqueue(shop, "retries", job("odd-name-1"))
    assert report(*remove("retries"))["done"] == 1
    assert shop.zcard("retries") == 1


def test_a_star_over_nothing_is_fine(raw, report):
    assert report(*remove("*"))["matched"] == 0


@pytest.mark.parametrize("name", ["high priority", "a:b/c", "käse", "mail*", "q:x", "\udcff"])
@pytest.mark.parametrize("by_name", [True, False])
def test_a_queue_of_any_name_can_be_removed_and_comes_back(shop, report, name, by_name):
    key = f"q:{name}".encode("utf-8", "surrogateescape")
    shop.sadd("queues", key[2:])
    shop.lpush(key, job("odd-000001", queue=name), job("odd-000002", queue=name))
    before = contents(shop)
    found = report(*remove(name if by_name else "*"))
    assert (found["done"], shop.exists(key), shop.sismember("queues", key[2:])) == (
        2 if by_name else 12, 0, 0,
    )  # fmt: skip
    report("undo", found["operation"], "--yes")
    assert contents(shop) == before


def test_a_name_that_reads_as_the_key_of_another_queues_list_does_not_touch_that(shop, report):
    shop.sadd("queues", "q:mail")
    mail = shop.lrange("q:mail", 0, -1)
    assert report(*remove("q:mail"))["done"] == 0
    assert shop.lrange("q:mail", 0, -1) == mail


def test_names_are_taken_once(shop, report):
    found = report("queue", "remove", "mail", "default", "mail", "--confirm", "mail default")
    assert found["done"] == 10


@pytest.mark.parametrize("name", ["foo*", "de?ault"])
def test_a_pattern_is_a_usage_error(shop, jobctl, name):
    before = contents(shop)
    ran = jobctl(*remove(name))
    assert (ran.code, ran.out, contents(shop)) == (2, "", before)
    assert "names are no patterns" in ran.err


def test_an_unknown_queue_is_not_found_and_nothing_is_done(shop, jobctl):
    before = contents(shop)
    assert jobctl(*remove("q:mail")).code == 4
    ran = jobctl(*remove("mail", "defualt"))
    ran.fails(4, "there is no queue defualt", "did you mean default?")
    assert contents(shop) == before


def test_a_list_of_another_type_stops_all_of_it(shop, jobctl):
    shop.sadd("queues", "hash")
    shop.hset("q:hash", "a", "b")
    before = contents(shop)
    for names in (["mail", "hash"], ["*"]):
        jobctl(*remove(*names)).fails(3, "the key q:hash holds a hash, no list of jobs")
    assert contents(shop) == before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "the name 'default mail' is required"),
        (["--yes"], "the name 'default mail' is required"),
        (["--confirm", "default"], "'default' was given"),
        (["--confirm", "mail default"], "'mail default' was given"),
        (["--confirm", "default mail", "--expect", "9"], "10 matched, 9 were expected"),
        (["--confirm", "default mail", "--max", "9"], "10 matched, more than --max 9"),
        (["-n", "--max", "9"], "10 matched, more than --max 9"),
    ],
)
def test_a_guard_refuses(shop, jobctl, own_journal, options, says):
    before = contents(shop)
    jobctl("queue", "remove", "default", "mail", *options).fails(7, says)
    assert contents(shop) == before
    assert not own_journal.exists()


def test_the_hint_can_be_typed(shop, jobctl):
    assert "pass --confirm '*'; or" in jobctl("queue", "remove", "*").err
    assert "pass --confirm 'a b'; or" in jobctl("queue", "remove", "a", "b").err


def test_guards_that_fit_let_it_go_on(shop, report):
    assert report(*remove("default", expect=7, max=7))["done"] == 7


def test_a_dry_run_shows_counts_kinds_and_some_and_changes_nothing(
    shop, jobctl, report, own_journal
):
    shop.zadd("working", {reservation(job("held-00001")): NOW})
    before = contents(shop)
    ran = jobctl("queue", "remove", "default", "mail", "-n", "-o", "table")
    assert ran.code == 0
    assert "queue remove: 10 jobs at" in ran.out
    assert "a dry run, nothing is changed" in ran.out
    assert "default: 7 jobs" in ran.out
    assert "mail: 3 jobs, paused" in ran.out
    assert "1 job is being worked on, of queue default: left alone" in ran.out
    assert "jid-00000000" in ran.out
    assert "and 5 more" in ran.out
    assert "(malformed)" in ran.out
    assert ran.err == ""
    found = report("queue", "remove", "mail", "-n")
    assert (found["matched"], found["done"], found["dry_run"], found["operation"]) == (
        3, 0, True, None,
    )  # fmt: skip
    assert contents(shop) == before
    assert not own_journal.exists() or not list(own_journal.iterdir())


def test_the_journal_names_the_jobs_as_they_run(shop, report):
    operation = report(*remove("default", "mail"))["operation"]
    assert report("journal", "show", operation)["filter"] == "default mail"
    jobs = report("journal", "show", operation, "--jobs")
    assert [row["jid"] for row in jobs[:7]] == [f"jid-{i:08d}" for i in range(7)]
    assert [row["queue"] for row in jobs] == ["default"] * 7 + ["mail"] * 3
    assert {row["outcome"] for row in jobs} == {"done"}


def test_an_undo_can_be_rehearsed(shop, jobctl, report):
    operation = report(*remove("default"))["operation"]
    before = contents(shop)
    ran = jobctl("undo", operation, "-n", "-o", "table")
    assert "queue undo of remove: 7 jobs" in ran.out
    assert "jid-00000000" in ran.out
    assert contents(shop) == before


def test_an_undo_that_cannot_push_says_so_and_can_be_done_again(shop, report):
    before = contents(shop)
    operation = report(*remove("default", "mail"))["operation"]
    shop.set("q:mail", "somebody's")
    undone = report("undo", operation, "--yes", code=5)
    assert (undone["done"], undone["failed"]) == (7, 3)
    shop.delete("q:mail")
    again = report("undo", operation, "--yes")
    assert (again["done"], again["failed"]) == (10, 0)
    assert contents(shop) == before


@pytest.fixture
def running(server):
    """A client as a Faktory server has it, on the empty database."""
    with redis.Redis(unix_socket_path=str(server.socket), single_connection_client=True) as client:
        client.execute_command("CLIENT", "SETINFO", "lib-name", "go-redis(,go1.24)")
        yield client


def test_a_server_that_would_not_notice_has_to_be_named(shop, jobctl, running):
    before = contents(shop)
    jobctl(*remove("default")).fails(7, "a Faktory server runs on", "--faktory-url")
    assert contents(shop) == before


def test_where_it_cannot_be_told_it_warns(shop, jobctl, url):
    with denied(shop, url, "-config", "-client") as limited:
        ran = jobctl(*remove("mail"), url=limited)
    assert ran.code == 0
    assert "whether a Faktory server runs on this Redis cannot be told" in ran.err


def test_the_pause_of_an_undo_is_not_put_where_nobody_would_notice(shop, jobctl, report, request):
    operation = report(*remove("mail"))["operation"]
    request.getfixturevalue("running")
    ran = jobctl("undo", operation, "--yes")
    ran.fails(
        7,
        "the pause of queue mail cannot come back",
        "nothing was put back",
        "--faktory-url; or let its jobs run: --without-pause",
    )
    assert (shop.exists("q:mail"), shop.sismember("paused", "mail")) == (0, 0)
    ran = jobctl("undo", operation, "--yes", "--without-pause", "-o", "json")
    assert ran.code == 5
    assert json.loads(ran.out)["done"] == 3
    assert not shop.sismember("paused", "mail")


def test_a_queue_that_is_held_is_not_removed(shop, jobctl):
    before = contents(shop)
    lease = json.dumps({"who": "ann", "host": "ops1", "at": 1, "pid": 7, "command": []})
    seconds, _ = shop.time()
    held = {"v": "1", "before": "0", "lease:x": lease, "beat:x": seconds}
    shop.hset("jobctl:hold:mail", mapping=held)
    jobctl(*remove("mail")).fails(7, "queue mail is held by ann@ops1 (pid 7)")
    shop.delete("jobctl:hold:mail")
    assert contents(shop) == before


@pytest.mark.parametrize("verb", ["undo", "resume"])
def test_a_file_that_has_lost_jobs_puts_none_back_and_lets_none_go(
    shop, jobctl, report, own_journal, verb
):
    operation = report(*remove("default"))["operation"]
    aside = f"jobctl:op:{operation}:removed:1:q:default"
    shop.rpush(aside, "as if it had been stopped before it let go of this")
    file = own_journal / f"{operation}.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2] + lines[3:]))
    before = contents(shop)
    ran = jobctl(verb, operation, "--yes")
    ran.fails(1, f"{file} is damaged: 7 jobs were written, and 6 are in it")
    assert contents(shop) == before
