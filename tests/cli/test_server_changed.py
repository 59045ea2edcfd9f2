"""Resume, undo and apply after a crash in which Redis lost what tells it from another."""

import json

import pytest

from jobctl import Guards, connect
from jobctl.errors import Refused
from tests.builders import NOW, enqueue, failed, job, reservation, retry
from tests.everything import everything
from tests.recording import record

VERBS = [
    ("retries", "kill", "--all"),
    ("retries", "discard", "--all"),
    ("retries", "requeue", "--all", "--front"),
    ("retries", "requeue", "--all", "--in", "1h", "--reset-retries"),
    ("retries", "reschedule", "--all", "--in", "1d"),
    ("record", "delete", "-w", "state=succeeded"),
]


@pytest.fixture
def shop(raw):
    enqueue(raw, "default", *(job(f"queued-{i:05d}") for i in range(30)))
    retry(raw, *(failed(f"jid-{i:08d}") for i in range(10)), at=NOW + 0.125)
    raw.zadd("working", {reservation(job("held-0000001")): NOW})
    for i in range(5):
        record(raw, f"job-{i}", state="succeeded", job_name="Import")
    return raw


def kept(raw):
    return {key: raw.dump(key) for key in raw.keys("*")}


def crash(raw, before):
    """Let Redis come back as it was before."""
    raw.flushdb()
    for key, value in before.items():
        raw.restore(key, 0, value)


def unfinished(own_journal, operation):
    """Cut the file of an operation as if nobody had lived to read the answers."""
    (file,) = own_journal.glob(f"{operation}*")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(it for it in lines if not it.startswith((b'{"end"', b'{"result"'))))


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_resume_does_anew_what_a_crash_took_back(shop, report, own_journal, verb):
    before = kept(shop)
    done = report(*verb, "--yes")
    after = everything(shop).keys()
    unfinished(own_journal, done["operation"])
    crash(shop, before)
    again = report("resume", done["operation"], "--yes")
    assert (again["done"], again["gone"]) == (done["done"], 0)
    assert everything(shop).keys() == after - {b"jobctl:server"}


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_undo_finds_all_of_it_back_already(shop, report, verb):
    before, was = kept(shop), everything(shop)
    done = report(*verb, "--yes")
    crash(shop, before)
    ran = report("undo", done["operation"], "--yes")
    assert ran["matched"] == done["done"]
    left = everything(shop)
    assert {k: v for k, v in left.items() if not k.startswith(b"jobctl:")} == was


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_the_operations_own_key_is_proof(shop, report, verb):
    was = everything(shop)
    done = report(*verb, "--yes")
    shop.delete("jobctl:server")
    assert report("undo", done["operation"], "--yes")["done"] == done["done"]
    left = everything(shop)
    assert {k: v for k, v in left.items() if not k.startswith(b"jobctl:")} == was


def test_jobs_where_the_operation_put_them_are_proof(shop, report):
    done = report("retries", "kill", "--all", "--yes")
    shop.delete("jobctl:server", f"jobctl:op:{done['operation']}")
    assert report("undo", done["operation"], "--yes")["done"] == 10


def test_a_removed_queue_that_is_back_is_proof(shop, report, jobctl):
    before = kept(shop)
    done = report("queue", "remove", "default", "--confirm", "default")
    crash(shop, before)
    shop.lpush("q:default", *(job(f"later-{i:06d}") for i in range(50)))
    shop.rpop("q:default", 8)
    ran = jobctl("undo", done["operation"], "--confirm", "default", "--yes", "-o", "json")
    assert ran.code != 7, ran.err
    members = shop.lrange("q:default", 0, -1)
    assert len(members) == len(set(members)) == 72


@pytest.mark.parametrize("verb", ["resume", "undo"])
@pytest.mark.parametrize(
    "other",
    [
        lambda raw: None,
        lambda raw: retry(raw, *(failed(f"other-{i:06d}") for i in range(10))),
        # A copy of a part of it: four of ten.
        lambda raw: retry(raw, *(failed(f"jid-{i:08d}") for i in range(4)), at=NOW + 0.125),
        # The same jobs by name, as a script seeds them anew: other times.
        lambda raw: retry(raw, *(failed(f"jid-{i:08d}") for i in range(10)), at=NOW + 77),
    ],
    ids=["empty", "other jobs", "a part", "other times"],
)
def test_other_data_at_the_same_address_is_refused(shop, report, jobctl, verb, other):
    operation = report("retries", "discard", "--all", "--yes")["operation"]
    shop.flushdb()
    other(shop)
    was = everything(shop)
    ran = jobctl(verb, operation, "--yes")
    ran.fails(7, "nothing shows that unix://", "--server-changed goes on all the same: ")
    assert everything(shop) == was


def test_whoever_insists_goes_on(shop, report, jobctl):
    done = report("retries", "discard", "--all", "--yes")
    shop.flushdb()
    shop.set("jobctl:server", "another")
    assert jobctl("undo", done["operation"], "--yes").code == 7
    ran = jobctl("undo", done["operation"], "--yes", "--server-changed", "-o", "json")
    assert (json.loads(ran.out)["done"], shop.zcard("retries")) == (10, 10)
    assert "nobody checks whether this Redis holds the data of operation" in ran.err


def test_whoever_insists_may_name_another_address(shop, report, jobctl, server):
    operation = report("retries", "discard", "--all", "--yes")["operation"]
    elsewhere = f"unix://{server.socket}?db=4"
    shop.execute_command("SELECT", 4)
    try:
        assert jobctl("undo", operation, "--yes", "-u", elsewhere).code == 7
        undone = report("undo", operation, "--yes", "-u", elsewhere, "--server-changed")
        assert undone["done"] == shop.zcard("retries") == 10
    finally:
        shop.flushdb()
        shop.execute_command("SELECT", 0)


def test_a_plan_goes_by_its_jobs_too(shop, report, jobctl, tmp_path):
    shop.set("jobctl:server", "first")
    plan = tmp_path / "plan.jsonl"
    assert jobctl("retries", "kill", "--all", "--plan", str(plan)).code == 0
    shop.delete("jobctl:server")
    jobs = shop.dump("retries")
    shop.delete("retries")
    assert jobctl("apply", str(plan), "--yes").code == 7
    shop.restore("retries", 0, jobs)
    assert report("apply", str(plan), "--yes")["done"] == 10


def test_members_without_an_id_prove_nothing(raw, report, jobctl):
    raw.zadd("retries", {"no job": 1, "{}": 2})
    operation = report("retries", "discard", "--all", "--yes")["operation"]
    raw.flushdb()
    raw.zadd("retries", {"no job": 1, "{}": 2})
    assert jobctl("undo", operation, "--yes").code == 7


def test_the_library_insists_by_its_guards(shop, report, url, own_journal):
    operation = report("retries", "discard", "--all", "--yes")["operation"]
    shop.flushdb()

    with connect(url, operations=own_journal) as store:
        with pytest.raises(Refused, match="nothing shows"):
            store.undo(operation)
        assert store.undo(operation, guards=Guards(server_changed=True)).done == 10


def test_a_release_that_a_crash_took_back_is_resumed(shop, report, own_journal):
    before = kept(shop)
    done = report("working", "release", "--all", "--yes")
    unfinished(own_journal, done["operation"])
    crash(shop, before)
    assert report("resume", done["operation"], "--yes")["done"] == 1
    assert json.loads(shop.lindex("q:default", -1))["jid"] == "held-0000001"
