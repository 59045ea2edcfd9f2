"""``jobctl queue remove`` where a Faktory server has to be told, and where it alone is known."""

import json
import re
import time

import pytest

from jobctl.operations.subjects.remover import Remover
from tests.builders import enqueue, job
from tests.everything import contents
from tests.systems.client import Client
from tests.systems.double import FaktoryDouble

pytestmark = pytest.mark.usefixtures("acquainted")


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch):
    monkeypatch.setattr("jobctl.operations.subjects.restore.QUIET", 0.0)
    monkeypatch.setattr("jobctl.operations.subjects.restore._TAKEN_WITHIN", 1.0)


@pytest.fixture
def shop(raw):
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(7)))
    enqueue(raw, "mail", job("mail-00001", queue="elsewhere"), b"\xff odd", b"two\nlines")
    raw.sadd("paused", "mail")
    raw.sadd("queues", "empty")
    return raw


@pytest.fixture
def faktory(shop, faktory):
    faktory.restart()  # it has read all of the shop
    return faktory


@pytest.fixture
def remove(jobctl, url, faktory):
    """Remove with both doors; what it answers in JSON is in `document`."""

    def run(*names, options=(), server=None, **how):
        doors = ("-u", url, "--faktory-url", server or faktory.url)
        answer = ("--confirm", " ".join(names))
        return jobctl("queue", "remove", *names, *answer, *doors, *options, "-o", "json", **how)

    return run


def operation_of(ran):
    return json.loads(ran.out)["operation"]


def test_a_queue_that_the_server_cannot_be_told_of_stays(shop, remove, faktory):
    enqueue(shop, "high priority", job("odd-000001"))
    faktory.restart()
    ran = remove("high priority")
    assert (ran.code, shop.llen("q:high priority")) == (7, 1)
    ran = remove("*")
    assert (ran.code, json.loads(ran.out)["done"], shop.llen("q:high priority")) == (0, 10, 1)
    assert "left alone, as the server cannot be told of it: 'high priority'" in ran.err


def test_the_server_forgets_the_queue_and_the_pause_at_once(shop, remove, faktory):
    ran = remove("mail", "default")
    assert (ran.code, json.loads(ran.out)["done"]) == (0, 10)
    assert (faktory.queues, faktory.paused) == ({"empty"}, set())
    assert shop.smembers("queues") == {b"empty"}
    assert shop.exists("q:mail", "q:default", "paused") == 0
    assert "QUEUE REMOVE mail default" in faktory.commands
    assert not [key for key in shop.keys("jobctl:op:*") if b":removed:" in key]


def test_an_undo_pauses_by_the_server_before_the_jobs_are_back(shop, remove, faktory, jobctl):
    before = contents(shop)
    operation = operation_of(remove("mail"))
    seen = []

    def ask(line):
        seen.append(shop.llen("q:mail"))
        faktory.memory.create("mail")  # as a worker's FETCH does

    faktory.before("QUEUE PAUSE", ask)
    ran = jobctl("undo", operation, "--yes")  # the file knows both doors
    assert (ran.code, ran.err) == (0, "")
    assert contents(shop) == before
    assert seen == [0]
    assert faktory.paused == {"mail"}


def test_an_undo_whose_pause_does_not_take_puts_nothing_back_unless_it_may(
    shop, remove, faktory, jobctl
):
    operation = operation_of(remove("mail"))
    ran = jobctl("undo", operation, "--yes")
    ran.fails(
        7,
        "the pause of queue mail did not take: the server does not know it before",
        "--without-pause",
    )
    assert not shop.exists("q:mail")
    assert faktory.commands.count("QUEUE PAUSE mail") > 2
    ran = jobctl("undo", operation, "--yes", "--without-pause")
    assert ran.code == 5
    assert shop.llen("q:mail") == 3
    assert not shop.sismember("paused", "mail")


def test_an_undo_gives_workers_time_to_end_what_they_asked_for_before_the_pause(
    shop, remove, faktory, jobctl, monkeypatch
):
    monkeypatch.setattr("jobctl.operations.subjects.restore.QUIET", 0.5)
    operation = operation_of(remove("mail"))
    faktory.before("QUEUE PAUSE", lambda line: faktory.memory.create("mail"))
    begun = time.monotonic()
    assert jobctl("undo", operation, "--yes").code == 0
    assert time.monotonic() - begun >= 0.5


def test_an_undo_where_the_server_is_gone_pauses_in_redis(shop, remove, faktory, jobctl):
    before = contents(shop)
    operation = operation_of(remove("mail"))
    faktory.stop()
    ran = jobctl("undo", operation, "--yes")
    assert ran.code == 0, ran.err
    assert contents(shop) == before


def test_what_a_worker_or_producer_makes_anew_is_no_failure(shop, remove, faktory):
    told = {}

    def made_anew(line):
        told["yes"] = True
        faktory.memory.remove("default")
        faktory.memory.create("default")

    faktory.before("QUEUE REMOVE", made_anew)
    faktory.answer("QUEUE REMOVE", b"+OK\r\n")
    ran = remove("default")
    assert told
    assert (ran.code, json.loads(ran.out)["done"]) == (0, 7)
    assert "workers or producers use queue default again" in ran.err


@pytest.mark.parametrize("names", [("default",), ("mail",), ("default", "mail"), ("empty",)])
def test_a_queue_that_the_server_does_not_know_goes_back(shop, remove, faktory, own_journal, names):
    before = contents(shop)
    faktory.memory.queues.clear()
    ran = remove(*names)
    assert (ran.code, f"{faktory.url} did not remove" in ran.err) == (1, True)
    found = json.loads(ran.out)
    assert (found["done"], found["failed"]) == (0, found["matched"])
    assert contents(shop) == before


def test_those_it_knows_are_removed_and_the_others_go_back(shop, remove, faktory, report):
    before = contents(shop)
    faktory.memory.queues.remove("mail")
    ran = remove("default", "mail")
    assert ran.code == 5
    found = json.loads(ran.out)
    assert (found["matched"], found["done"], found["failed"]) == (10, 7, 3)
    assert (found["before"], found["after"]) == (
        {"queue:default": 7, "queue:mail": 3}, {"queue:default": 0, "queue:mail": 3},
    )  # fmt: skip
    assert shop.sismember("paused", "mail")
    jobs = report("journal", "show", found["operation"], "--jobs")
    assert [row["outcome"] for row in jobs] == ["done"] * 7 + ["failed"] * 3
    undone = report("undo", found["operation"], "--yes")
    assert (undone["matched"], undone["done"]) == (7, 7)
    assert contents(shop) == before


def test_an_old_list_that_the_server_does_not_read_goes_as_well(shop, remove, faktory, jobctl):
    enqueue(shop, "default", job("old-000001"), form="")
    shop.rpush("q:stray", job("stray-0001"))
    before = contents(shop)
    operation = operation_of(remove("default"))
    assert shop.exists("default", "q:default") == 0
    assert jobctl("undo", operation, "--yes").code == 0
    assert contents(shop) == before
    assert json.loads(remove("stray").out)["done"] == 1
    assert shop.exists("q:stray") == 0


def test_a_server_of_before_has_bare_lists(raw, server, jobctl, url):
    enqueue(raw, "default", job("old-000001"), job("old-000002"), form="")
    raw.sadd("queues", "empty")
    with FaktoryDouble(server.socket, version="1.9.4") as old:
        doors = ("-u", url, "--faktory-url", old.url)
        answer = ("--confirm", "default empty", "-o", "json")
        ran = jobctl("queue", "remove", "default", "empty", *answer, *doors)
        assert json.loads(ran.out)["done"] == 2
        assert (raw.keys("*default*"), old.queues) == ([], set())
        jobctl("undo", operation_of(ran), "--yes")
    assert raw.llen("default") == 2


def test_a_server_that_says_no_changes_nothing(shop, remove, faktory, own_journal):
    before = contents(shop)
    faktory.answer("QUEUE REMOVE", b"-ERR not today\r\n")
    remove("default", "mail").fails(3, "refused QUEUE: not today")
    assert contents(shop) == before
    assert not [key for key in shop.keys("jobctl:op:*") if b":removed:" in key]
    assert not list(own_journal.iterdir())


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("goes_on", ["resume", "undo"])
def test_a_server_that_hangs_up_leaves_everything_aside(
    shop, remove, faktory, jobctl, own_journal, done, goes_on
):
    before = contents(shop)
    faktory.hang_up("QUEUE REMOVE", done=done)
    ran = remove("default")
    assert ran.code == 3
    (file,) = own_journal.iterdir()
    assert f"jobctl resume {file.stem}" in ran.err
    assert f"jobctl undo {file.stem}" in ran.err
    assert shop.llen("q:default") == 0
    faktory.behave()
    if goes_on == "resume":
        ran = jobctl("resume", file.stem, "--yes", "-o", "json")
        assert (ran.code, json.loads(ran.out)["done"]) == (0, 7), ran.err
        assert "default" not in faktory.queues
    ran = jobctl("undo", file.stem, "--yes", "-o", "json")
    assert (ran.code, json.loads(ran.out)["done"]) == (0, 7), ran.err
    assert contents(shop) == before


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("away", "connection refused"),
        ("another program", "is not a Faktory server"),
        ("guarded", "refused the password"),
    ],
)
def test_a_server_that_cannot_be_asked_changes_nothing(
    shop, remove, faktory, server, own_journal, how, says
):
    before = contents(shop)
    faktory.greeting = b"220 mail.example.org\r\n"
    with FaktoryDouble(server.socket, password="secret") as guarded:
        guess = guarded.url.replace("secret", "guess")
        where = {"away": "tcp://127.0.0.1:1", "guarded": guess}.get(how)
        ran = remove("default", server=where)
    assert ran.code == 3
    assert says in ran.err
    assert contents(shop) == before
    assert not own_journal.exists()


def test_the_password_is_not_kept_and_taken_from_the_environment(
    shop, remove, server, jobctl, own_journal, monkeypatch
):
    with FaktoryDouble(server.socket, password="secret") as guarded:
        ran = remove("default", server=guarded.url)
        operation = operation_of(ran)
        assert b"secret" not in (own_journal / f"{operation}.jsonl").read_bytes()
        guarded.commands.clear()
        monkeypatch.setenv("FAKTORY_URL", guarded.url)
        assert jobctl("undo", operation, "--yes").code == 0
    assert shop.llen("q:default") == 7


def test_without_an_undo_the_server_does_it_at_once(shop, remove, faktory, own_journal):
    ran = remove("default", "mail", options=["--no-undo"])
    report = json.loads(ran.out)
    assert (ran.code, report["done"], report["operation"]) == (0, 10, None)
    assert report["after"] == {"queue:default": 0, "queue:mail": 0}
    assert (shop.smembers("queues"), shop.exists("paused")) == ({b"empty"}, 0)
    assert not shop.keys("jobctl:op:*")
    assert not own_journal.exists()


def test_under_pushes_it_says_what_may_be_lost(shop, remove, faktory, monkeypatch):
    plain = Remover._write
    with Client(faktory) as client:

        def write(self):
            plain(self)
            client.push("pushed-001")
            monkeypatch.setattr(Remover, "_write", plain)

        monkeypatch.setattr(Remover, "_write", write)
        faktory.before("QUEUE REMOVE", lambda line: time.sleep(0.05))
        ran = remove("default")
    report = json.loads(ran.out)
    assert (report["matched"], report["done"]) == (8, 8)
    said = r"1 job was pushed meanwhile, and kept; what was pushed in the last [5-9]\d ms, before"
    assert re.search(said + " the server removed the queues, is lost: about ", ran.err)
    assert "pushed" not in remove("mail").err


@pytest.mark.parametrize("how", ["unknown", "refused", "hung up"])
def test_without_an_undo_what_goes_wrong_leaves_no_mark(shop, remove, faktory, how):
    before = contents(shop)
    if how == "unknown":
        faktory.memory.queues.clear()
    elif how == "refused":
        faktory.answer("QUEUE REMOVE", b"-ERR not today\r\n")
    else:
        faktory.hang_up("QUEUE REMOVE")
    ran = remove("default", "mail", options=["--no-undo"])
    assert ran.code == (1 if how == "unknown" else 3)
    assert "was removed as well" not in ran.err
    assert contents(shop) == before


def test_a_push_by_the_wire_makes_the_queue_anew_and_runs_after_an_undo(
    shop, remove, faktory, jobctl
):
    operation = operation_of(remove("default"))
    with Client(faktory) as client:
        client.push("pushed-001")
    assert jobctl("undo", operation, "--yes").code == 0
    jids = [json.loads(raw)["jid"] for raw in shop.lrange("q:default", 0, -1)]
    assert jids == ["pushed-001", *(f"jid-{i:08d}" for i in reversed(range(7)))]


@pytest.mark.parametrize("options", [[], ["-n"], ["--no-undo"]])
def test_without_its_redis_nothing_is_removed(shop, jobctl, faktory, options):
    before = contents(shop)
    answer = ("--confirm", "default", "--faktory-url", faktory.url)
    ran = jobctl("queue", "remove", "default", *answer, *options, url=None)
    ran.fails(2, "queue remove needs the Redis behind", "--url beside --faktory-url")
    assert contents(shop) == before
