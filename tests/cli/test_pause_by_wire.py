"""Pausing, resuming and holding by way of a Faktory server: told, and then verified."""

import threading
import time

import pytest

from tests.cli.holds import Holder, age, ended, kill, leases, paused, rows
from tests.embedded.servers import until
from tests.systems.double import FaktoryDouble


@pytest.fixture
def faktory(server, queues):
    with FaktoryDouble(server.socket) as double:
        yield double


@pytest.fixture
def both(jobctl, url, faktory):
    """Run jobctl with both doors."""

    def run(*argv, **how):
        return jobctl(*argv, "-u", url, "--faktory-url", faktory.url, **how)

    return run


@pytest.fixture
def wire(jobctl, faktory):
    """Run jobctl with the server alone."""

    def run(noun, verb, *argv, **how):
        return jobctl(noun, verb, "--faktory-url", faktory.url, *argv, **({"url": None} | how))

    return run


def said(faktory, verb):
    return [
        line
        for line in faktory.commands
        if line.startswith(verb) and not line.startswith("QUEUE LATENCY jobctl.verify.")
    ]


def test_a_star_reaches_what_only_the_server_knows(both, faktory, queues):
    faktory.memory.queues.add("unseen")
    assert both("queue", "pause", "*").code == 0
    assert said(faktory, "QUEUE") == ["QUEUE PAUSE *"]
    assert faktory.paused == {"default", "mailers", "unseen"}


def test_a_name_the_server_does_not_know_did_not_take(both, faktory, queues):
    queues.sadd("queues", "behind-its-back")
    ran = both("queue", "pause", "default", "behind-its-back", "-o", "json")
    assert ran.code == 1
    found = rows(ran)
    assert found["default"]["paused"] is True
    assert found["behind-its-back"]["paused"] is False
    assert "that server does not know this queue" in ran.err
    queues.sadd("paused", "behind-its-back")
    ran = both("queue", "resume", "behind-its-back", "-o", "json")
    assert (ran.code, rows(ran)["behind-its-back"]["paused"]) == (1, True)


def test_an_unknown_queue_is_not_even_told_to_the_server(both, faktory):
    assert both("queue", "pause", "mailer").code == 4
    assert said(faktory, "QUEUE") == []


def test_with_the_wire_alone_it_says_what_could_not_be_seen(wire, faktory):
    ran = wire("queue", "pause", "default", "-o", "json")
    assert ran.code == 0
    assert rows(ran)["default"] == {
        "queue": "default", "action": "pause", "paused": True, "changed": None, "via": "faktory",
        "problem": None, "pending": False,
    }  # fmt: skip
    assert "only the server is known" in ran.err
    assert faktory.paused == {"default"}
    assert wire("queue", "resume", "*").code == 0
    assert faktory.paused == set()
    wire("queue", "pause", "mailer").fails(4, "did you mean mailers?")
    assert wire("queue", "pause", "--glob", "mail*").code == 0
    assert faktory.paused == {"mailers"}


@pytest.mark.parametrize(
    "argv",
    [
        ("drain", "default"),
        ("resume", "--stale", "default"),
        ("pause", "default", "--at-restart"),
        ("hold", "default", "--drain", "1s", "--", "true"),
    ],
)
def test_what_needs_redis_says_so_and_how_to_give_it(wire, faktory, argv):
    wire("queue", *argv).fails(2, "needs the Redis", "--url")
    assert said(faktory, "QUEUE PAUSE") == []


def test_a_server_that_answers_err_or_hangs_up_is_told(both, faktory, queues):
    faktory.answer("QUEUE PAUSE", b"-ERR no luck\r\n", times=1)
    both("queue", "pause", "default").fails(3, "no luck")
    faktory.hang_up("QUEUE PAUSE", times=1)
    assert both("queue", "pause", "default").code == 3
    assert paused(queues) == []
    assert not queues.exists("jobctl:paused")


@pytest.fixture
def holder(url, tmp_path, faktory):
    return Holder(url, tmp_path, {"FAKTORY_URL": faktory.url})


def test_of_two_holds_the_last_one_out_tells_the_server(holder, faktory, queues):
    both = {name: holder.start("default", script=holder.wait_file(name)) for name in "ab"}
    for name in "ab":
        assert faktory.paused == {"default"}
        assert len(leases(queues, "default")) == (2 if name == "a" else 1)
        holder.touch(name)
        assert ended(both[name])[0] == 0
    assert faktory.paused == set()
    assert not queues.keys("jobctl:*")


def test_a_hold_that_did_not_take_is_taken_back_and_nothing_runs(holder, faktory, queues):
    queues.sadd("queues", "behind-its-back")
    process = holder.start("default", "behind-its-back", script="true")
    code, out = ended(process)
    assert code == 1
    assert "does not know this queue" in out
    assert not list(holder.directory.glob("begun-*"))
    assert faktory.paused == set()
    assert not queues.keys("jobctl:*")


def test_a_hold_waits_for_the_server_to_come_back(holder, faktory, queues):
    process = holder.start("default", script=holder.wait_file("end"))
    faktory.stop()
    holder.touch("end")
    time.sleep(1.2)
    assert process.poll() is None
    faktory.restart()
    code, out = ended(process)
    assert (code, faktory.paused) == (0, set())
    assert "cannot resume yet" in out
    assert not queues.keys("jobctl:*")


def test_with_the_wire_alone_a_hold_has_no_lease_and_says_so(holder, faktory, queues):
    del holder.environ["FAKTORY_URL"]
    holder.url = ""
    process = holder.start("default", "--faktory-url", faktory.url, script=holder.wait_file("end"))
    assert faktory.paused == {"default"}
    assert not queues.keys("jobctl:*")
    holder.touch("end")
    code, out = ended(process)
    assert (code, faktory.paused) == (0, set())
    assert "no lease tells others of this hold" in out


def test_the_dead_are_cleared_by_way_of_the_server(both, holder, faktory, queues):
    process = holder.start("default", script="sleep 30")
    kill(process)
    assert faktory.paused == {"default"}
    age(queues, "default")
    assert both("queue", "resume", "--stale", "default").code == 0
    assert faktory.paused == set()
    assert not queues.keys("jobctl:*")


def test_a_newcomer_waits_until_the_last_one_has_resumed(holder, faktory, queues):
    first = holder.start("default", script=holder.wait_file("a"))
    slow = threading.Event()
    faktory.before("QUEUE RESUME", lambda line: slow.wait(1.0), times=1)
    holder.touch("a")
    until(lambda: said(faktory, "QUEUE RESUME"))
    second = holder.start("default", script=holder.wait_file("b"))
    assert ended(first)[0] == 0
    assert faktory.paused == {"default"}
    assert paused(queues) == ["default"]
    holder.touch("b")
    assert ended(second)[0] == 0
    assert faktory.paused == set()


def test_who_comes_to_hold_a_queue_while_it_is_resumed_by_hand_waits(both, holder, faktory, queues):
    both("queue", "pause", "default")
    started = []

    def hold(line):
        process = threading.Thread(
            target=lambda: started.append(holder.start("default", script=holder.wait_file("end")))
        )
        process.start()
        process.join(1.5)  # it would have paused the queue by now

    faktory.before("QUEUE RESUME", hold, times=1)
    assert both("queue", "resume", "default").code == 0
    until(lambda: started)
    assert faktory.paused == {"default"}
    assert paused(queues) == ["default"]
    holder.touch("end")
    assert ended(started[0])[0] == 0
    assert faktory.paused == set()
    assert not queues.keys("jobctl:*")


def test_a_resume_by_hand_that_fails_leaves_no_mark(both, faktory, queues):
    both("queue", "pause", "default")
    faktory.answer("QUEUE RESUME", b"-ERR not now\r\n", times=1)
    assert both("queue", "resume", "default").code == 3
    assert not queues.exists("jobctl:hold:default")
    assert paused(queues) == ["default"]
    assert both("queue", "resume", "default").code == 0


def test_a_drain_pauses_by_way_of_the_server(both, faktory, queues, monkeypatch):
    monkeypatch.setattr("jobctl.queues.draining.QUIET", 0.3)
    assert both("queue", "drain", "default", "--pause", "--timeout", "9s").code == 0
    assert faktory.paused == {"default"}
    queues.sadd("queues", "behind-its-back")
    ran = both("queue", "drain", "default", "behind-its-back", "--pause", "--timeout", "9s")
    ran.fails(1, "not every queue could be paused")


@pytest.mark.parametrize("name", ["high priority", "mail*", "a\u2028b"])
@pytest.mark.parametrize(
    "argv", [("pause",), ("resume",), ("hold", "default")], ids=lambda argv: argv[0]
)
def test_a_queue_that_the_server_cannot_be_told_of_is_refused_before_anything(
    raw, jobctl, url, faktory, argv, name
):
    raw.sadd("queues", name)
    raw.sadd("paused", "mailers")
    verb, *others = argv
    command = ["--", "true"] if verb == "hold" else []
    doors = ("-u", url, "--faktory-url", faktory.url)
    ran = jobctl("queue", verb, *others, name, *doors, *command)
    ran.fails(7, f"cannot be told of the queue {name!r}")
    assert (paused(raw), raw.exists(f"jobctl:hold:{name}"), said(faktory, "QUEUE")) == (
        ["mailers"], 0, [],
    )  # fmt: skip


def test_a_star_pauses_what_has_a_name_that_the_server_cannot_be_told_of(raw, both, faktory):
    raw.sadd("queues", "high priority")
    faktory.restart()
    assert both("queue", "pause", "*").code == 0
    assert paused(raw) == ["default", "high priority", "mailers"]
    assert both("queue", "resume", "high priority", "--at-restart").code == 0
    assert paused(raw) == ["default", "mailers"]
