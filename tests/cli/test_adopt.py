"""Moving jobs from lists that the server does not read to those that it reads."""

import json

import pytest

from tests.builders import NOW, enqueue, failed, job
from tests.everything import contents
from tests.systems.double import FaktoryDouble

OLD = [f"old-{i:08d}" for i in range(1203)]  # the first runs next
NEW = ["new-00000001", "new-00000002"]


@pytest.fixture
def shop(raw):
    """A server of today on the data of an older one: both lists, and one queue that is old only."""
    enqueue(raw, "default", *map(job, OLD), form="")
    enqueue(raw, "default", *map(job, NEW))
    enqueue(raw, "mail", b"\xff odd", job("mail-00001", args=[2**60, 1.10]), form="")
    raw.sadd("paused", "mail")
    return raw


def jids(raw, key):
    """The JIDs of a list in the order they run."""
    return [json.loads(member)["jid"] for member in raw.lrange(key, 0, -1)[::-1]]


def test_undo_puts_back_what_has_not_run_and_leaves_what_came_since(shop, jobctl, report):
    assert jobctl("queue", "adopt", "default", "--yes", "--max", "5").code == 7
    found = report("queue", "adopt", "default", "--yes", "--expect", "1203")
    shop.rpop("q:default", 3)
    shop.lpush("q:default", job("new-00000003"))
    shop.lpush("default", job("old-list-0001"))
    back = report("undo", found["operation"], "--yes")
    assert (back["done"], back["gone"], back["missing"]) == (1200, 3, OLD[:3])
    assert jids(shop, "default") == [*OLD[3:], "old-list-0001"]
    assert jids(shop, "q:default") == [*NEW, "new-00000003"]
    assert shop.llen("mail") == 2


def test_what_is_the_same_twice_stays_twice(raw, report):
    enqueue(raw, "default", job("jid-00000001"), job("jid-00000002"), job("jid-00000001"), form="")
    enqueue(raw, "default", job("jid-00000003"))
    before = contents(raw)
    found = report("queue", "adopt", "default", "--yes")
    assert jids(raw, "q:default") == [f"jid-0000000{i}" for i in (1, 2, 1, 3)]
    back = report("undo", found["operation"], "--yes")
    assert (back["done"], len(raw.lrange("default", 0, -1))) == (3, 3)
    assert raw.lrange("q:default", 0, -1) == before[b"q:default"]


def test_what_a_known_server_reads_decides(shop, report, server, url):
    before = contents(shop)
    with FaktoryDouble(server.socket, version="1.9.4") as double:
        doors = ("-u", url, "--faktory-url", double.url)
        found = report("queue", "adopt", "default", "--yes", *doors)
    assert (jids(shop, "default"), shop.exists("q:default")) == ([*NEW, *OLD], 0)
    assert shop.get("jobctl:faktory") == b"1.9.4"
    report("undo", found["operation"], "--yes", "-u", url)
    assert contents(shop) == before


def test_a_server_known_from_before_tells_that_lists_of_one_form_are_not_read(raw, report):
    enqueue(raw, "default", job("old-00000001"), form="")
    found = report("queue", "adopt", "*", "--yes")
    assert (found["matched"], raw.llen("default")) == (0, 1)
    raw.set("jobctl:faktory", "1.10.0")
    (row,) = report("queue", "ls")
    assert "servers from 1.10 on read q:default only" in row["problem"]
    assert (
        "1 job in lists that the server does not read, of default" in report("info")["warnings"][0]
    )
    (warning,) = report("status", "old-00000001")["warnings"]
    assert warning.endswith("jobctl queue adopt default")
    assert report("queue", "adopt", "*", "--yes")["done"] == 1
    assert raw.llen("q:default") == 1
    assert report("queue", "ls")[0]["problem"] is None


def test_a_server_that_is_asked_tells_of_lists_that_it_does_not_read(raw, report, faktory, url):
    enqueue(raw, "default", job("old-00000001"), form="")
    doors = ("-u", url, "--faktory-url")
    for door, found in ((faktory.url, True), ("tcp://127.0.0.1:1", False)):
        (row,) = report("queue", "ls", *doors, door)
        assert ("not read (jobctl queue adopt)" in str(row["problem"])) is found
        assert bool(report("status", "old-00000001", *doors, door)["warnings"]) is found
    assert not raw.exists("jobctl:faktory")


def test_a_list_of_no_set_of_names_is_registered(raw, report):
    enqueue(raw, "default", job("new-00000001"))
    raw.lpush("lost", job("old-00000001"))
    assert report("queue", "adopt", "*", "--yes")["done"] == 1
    assert raw.smembers("queues") == {b"default", b"lost"}


def test_a_server_learns_of_an_adopted_queue_that_it_does_not_know(raw, report, faktory, url):
    enqueue(raw, "default", job("new-00000001"))
    raw.lpush("lost", job("old-00000001"), job("old-00000002"))
    faktory.restart()
    faktory.schedule(0.05)
    doors = ("-u", url, "--faktory-url", faktory.url)
    found = report("queue", "adopt", "lost", "--yes", *doors)
    assert faktory.memory.state(1, 1)["faktory"]["queues"] == {"default": 1, "lost": 2}
    (entry,) = report("journal", "ls")
    assert entry["state"] == "done"
    assert report("undo", found["operation"], "--yes")["done"] == 2
    assert jids(raw, "lost") == ["old-00000001", "old-00000002"]


def test_a_key_that_is_no_list_is_known_before(raw, jobctl):
    enqueue(raw, "other", job("new-00000001"))
    enqueue(raw, "default", job("old-00000001"), form="")
    raw.set("q:default", "nobody's")
    ran = jobctl("queue", "adopt", "default", "--yes")
    assert (ran.code, raw.llen("default")) == (3, 1)
    assert "q:default holds a string" in ran.err


def test_the_journal_names_the_jobs(shop, report):
    found = report("queue", "adopt", "mail", "--yes")
    rows = report("journal", "show", found["operation"], "--jobs")
    assert [row["jid"] for row in rows] == [None, "mail-00001"]


def test_undo_of_a_requeue_finds_jobs_that_were_adopted_since(raw, report):
    enqueue(raw, "default", job("old-00000001"), form="")
    raw.zadd("retries", {failed("jid-00000001"): NOW})
    requeued = report("retries", "requeue", "--all", "--yes")
    assert raw.llen("default") == 2
    raw.set("jobctl:faktory", "1.10.0")
    report("queue", "adopt", "default", "--yes")
    assert jids(raw, "q:default") == ["old-00000001", "jid-00000001"]
    assert report("undo", requeued["operation"], "--yes")["done"] == 1
    assert (jids(raw, "q:default"), raw.zcard("retries")) == (["old-00000001"], 1)


def test_a_requeue_beside_old_lists_goes_where_the_server_looks(raw, report):
    enqueue(raw, "default", job("old-00000001"), form="")
    raw.set("jobctl:faktory", "1.10.0")
    raw.zadd("retries", {failed("jid-00000001"): NOW})
    report("retries", "requeue", "--all", "--yes")
    assert (raw.llen("q:default"), raw.llen("default")) == (1, 1)
