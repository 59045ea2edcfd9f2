"""``working release`` with a server known: acknowledged by wire, then pushed by Redis."""

import json

import pytest
import redis

from jobctl.actions.operations import releasing
from tests.builders import enqueue, failed, job, retry
from tests.cli.holding import held, hold, jids, reserved
from tests.faktory.double import FaktoryDouble

MANY = 250  # three batches


@pytest.fixture(autouse=True)
def own_journal(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "jobctl" / "operations"


@pytest.fixture
def shop(raw):
    """Two reservations, the first to expire first, and a job that waits."""
    enqueue(raw, "default", job("queued-00001"))
    return hold(raw, held("held-0000001", -60), held("held-0000002", 900, queue="mailers"))


@pytest.fixture
def double(server):
    """A server on this Redis, booted when it is first asked for, so after the shop is filled."""
    with FaktoryDouble(server.socket) as running:
        yield running


@pytest.fixture
def release(jobctl, double, monkeypatch):
    """Run a release with both doors; return its report and what it said."""
    monkeypatch.setenv("FAKTORY_URL", double.url)

    def run(*argv, code=0, verb=("working", "release")):
        ran = jobctl(*verb, *argv, "--yes", "-o", "json")
        assert ran.code == code, ran
        return (json.loads(ran.out) if ran.out else json.loads(ran.err)), ran.err

    return run


@pytest.fixture
def latest(jobctl):
    def find():
        return json.loads(jobctl("journal", "ls", "-o", "json").out)[0]

    return find


@pytest.fixture
def resume(release, latest):
    """Resume the newest operation."""

    def run(*argv, code=0):
        return release(latest()["operation"], *argv, code=code, verb=("resume",))

    return run


def acks(double):
    return [json.loads(line[4:])["jid"] for line in double.commands if line.startswith("ACK ")]


def fill(raw, jobs=MANY):
    enqueue(raw, "default", job("queued-00001"))
    hold(raw, *(held(f"held-{i:07d}", i) for i in range(jobs)))
    return [f"held-{i:07d}" for i in range(jobs)]


def everything(raw):
    """Return how often each job is in working or in the queue."""
    return sorted([*reserved(raw), *jids(raw)])


def test_the_server_forgets_and_the_jobs_run_next(shop, raw, double, release):
    assert set(double.working) == {"held-0000001", "held-0000002"}
    report, said = release("--all")
    assert (report["matched"], report["done"], report["failed"]) == (2, 2, 0)
    assert report["after"] == {"working": 0, "queue:default": 2, "queue:mailers": 1}
    assert double.working == {}
    assert reserved(raw) == []
    assert jids(raw) == ["held-0000001", "queued-00001"]
    assert jids(raw, "q:mailers") == ["held-0000002"]
    assert "undo" not in said.replace("cannot be undone", "")
    pushed = json.loads(raw.lindex("q:mailers", 0))
    assert pushed.pop("enqueued_at") > "2026-09-21T14:00:01.5Z"
    assert pushed == {k: v for k, v in json.loads(shop[1])["job"].items() if k != "enqueued_at"}


def test_many_go_batch_by_batch_in_their_order(raw, double, release):
    expected = fill(raw)
    double.memory.boot()
    report, _ = release("--all")
    assert report["done"] == MANY
    assert jids(raw) == [*expected, "queued-00001"]
    assert sorted(acks(double)) == expected
    assert double.working == {}


def test_a_dry_run_tells_the_server_nothing(shop, raw, double, jobctl, monkeypatch):
    monkeypatch.setenv("FAKTORY_URL", double.url)
    ran = jobctl("working", "release", "--all", "-n", "-o", "json")
    assert json.loads(ran.out)["matched"] == 2
    assert (acks(double), len(reserved(raw))) == ([], 2)


def test_a_server_that_is_not_there_is_known_before_anything(shop, raw, jobctl, own_journal):
    url = "tcp://127.0.0.1:1"
    ran = jobctl("-u", f"unix://{raw.connection_pool.connection_kwargs['path']}",
                 "--faktory-url", url, "working", "release", "--all", "--yes")  # fmt: skip
    assert (ran.code, len(reserved(raw))) == (3, 2)
    assert not own_journal.exists() or not list(own_journal.iterdir())


def test_a_worker_that_acknowledges_meanwhile_has_done_it(shop, raw, double, release, monkeypatch):
    plain = releasing.Releaser.act

    def late(self):
        double.memory.acknowledge("held-0000001")
        return plain(self)

    monkeypatch.setattr(releasing.Releaser, "act", late)
    report, _ = release("--all")
    assert (report["done"], report["gone"]) == (1, 1)
    assert acks(double) == ["held-0000002"]
    assert jids(raw) == ["queued-00001"]


def test_a_worker_that_finishes_after_our_ack_runs_it_twice_as_was_said(shop, raw, double, release):
    replies = []
    ack = 'ACK {"jid":"held-0000001"}'

    def finish(line):
        double.memory.acknowledge("held-0000001")  # ours; and then the worker's own
        replies.append(double.memory.working.get("held-0000001"))

    double.before(ack, finish)
    report, said = release("held-0000001")
    assert (report["done"], replies) == (1, [None])
    assert jids(raw) == ["held-0000001", "queued-00001"]
    assert "it then runs twice" in said


def test_what_the_server_does_not_hold_stays(shop, raw, double, release):
    hold(raw, held("behind-00001"))  # after it had booted
    report, said = release("--all", code=5)
    assert (report["done"], report["failed"], report["gone"]) == (2, 1, 0)
    assert "failed, 1: the server did not let go of it" in said
    assert reserved(raw) == ["behind-00001"]


def test_another_redis_keeps_everything(shop, raw, double, release):
    double.memory.working = {}
    report, _ = release("--all", code=1)
    assert (report["done"], report["failed"]) == (0, 2)
    assert len(reserved(raw)) == 2
    assert jids(raw) == ["queued-00001"]


def test_a_server_that_lets_only_the_worker_end_a_job_releases_nothing(shop, raw, double, release):
    double.owned = True
    report, said = release("--all", code=1)
    assert report["failed"] == 2
    assert "nobody but its worker" in said
    assert set(double.working) == {"held-0000001", "held-0000002"}


def test_an_ack_that_is_refused_leaves_the_job_where_it_is(shop, raw, double, release):
    double.answer('ACK {"jid":"held-0000001"}', b"-ERR no, not now\r\n")
    report, said = release("--all", code=5)
    assert (report["done"], report["failed"]) == (1, 1)
    assert "failed, 1: " in said
    assert "no, not now" in said
    assert reserved(raw) == ["held-0000001"]


def test_an_ack_that_is_refused_and_done_all_the_same_loses_nothing(shop, raw, double, release):
    double.answer('ACK {"jid":"held-0000001"}', b"-ERR no, not now\r\n", done=True)
    report, _ = release("held-0000001")
    assert report["done"] == 1
    assert jids(raw) == ["held-0000001", "queued-00001"]


def test_two_reservations_of_one_jid_are_told_apart(raw, double, release):
    enqueue(raw, "default", job("queued-00001"))
    hold(raw, held("held-0000001", -60), held("held-0000001", 900))
    double.memory.boot()  # it holds the last one
    report, _ = release("--all", code=5)
    assert (report["done"], report["failed"]) == (1, 1)
    assert len(acks(double)) == 1
    assert everything(raw) == ["held-0000001", "held-0000001", "queued-00001"]


@pytest.mark.parametrize("jid", [None, 42, "", ["x"]])
def test_what_has_no_jid_cannot_be_acknowledged(raw, double, release, jid):
    enqueue(raw, "default", job("queued-00001"))
    hold(raw, held(jid), held("held-0000002"))
    double.memory.working = {"held-0000002": json.loads(raw.zrange("working", 0, -1)[1])}
    report, said = release("--all", code=5)
    assert (report["done"], report["failed"]) == (1, 1)
    assert "no JID" in said


@pytest.mark.parametrize("done", [False, True])
def test_a_connection_lost_in_the_middle_of_a_batch_is_resumed(
    raw, double, release, resume, latest, done
):
    expected = fill(raw)
    double.memory.boot()
    double.hang_up(f'ACK {{"jid":"{expected[120]}"}}', times=1, done=done)
    error, _ = release("--all", code=3)
    assert f"jobctl resume {latest()['operation']}" in error["hint"]
    assert latest()["state"] == "unfinished"
    lost = set(expected) - set(everything(raw))
    assert lost  # acknowledged, and in the operation's file
    report, _ = resume()
    assert (report["done"], report["gone"], report["failed"]) == (MANY, 0, 0)
    assert jids(raw) == [*expected, "queued-00001"]
    assert latest()["state"] == "done"


def cut(monkeypatch, method):
    """Let jobctl die at a step of its second batch."""
    seen = []
    plain = getattr(releasing.Releaser, method)

    def dying(self, *given):
        seen.append(method)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return plain(self, *given)

    monkeypatch.setattr(releasing.Releaser, method, dying)


STEPS = ["_look", "_acknowledge", "_probe", "_tell", "_search", "_push", "_take"]


@pytest.mark.parametrize("step", STEPS)
def test_whatever_the_step_it_stops_at_resume_finishes(
    raw, double, release, resume, jobctl, monkeypatch, step
):
    expected = fill(raw)
    double.memory.boot()
    with monkeypatch.context() as patched:
        cut(patched, step)
        assert jobctl("working", "release", "--all", "--yes").code == 130
    report, _ = resume()
    assert (report["done"], report["gone"], report["failed"]) == (MANY, 0, 0), step
    assert jids(raw) == [*expected, "queued-00001"]
    assert double.working == {}


def test_what_is_found_anywhere_after_a_crash_is_not_pushed_again(
    raw, double, release, resume, jobctl, monkeypatch
):
    expected = fill(raw, 6)
    double.memory.boot()
    with monkeypatch.context() as patched:
        patched.setattr(releasing.Releaser, "_search", lambda self, fates: 1 / 0)
        assert jobctl("working", "release", "--all", "--yes").code == 1
    assert reserved(raw) == []
    retry(raw, failed(expected[0]))
    raw.zadd("dead", {failed(expected[1]): 1.9e9})
    raw.zadd("scheduled", {job(expected[2]): 1.9e9})
    raw.rpush("q:default", job(expected[3]))
    hold(raw, held(expected[4]))
    report, _ = resume()
    assert (report["done"], report["gone"]) == (1, 5)
    assert jids(raw) == [expected[5], expected[3], "queued-00001"]


def crash(jobctl, monkeypatch, step="_tell", after=True):
    """Let jobctl die around a step, once its first batch is through it."""
    plain = getattr(releasing.Releaser, step)

    def dying(self, *given):
        if after:
            plain(self, *given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(releasing.Releaser, step, dying)
        assert jobctl("working", "release", "--all", "--yes").code == 130


def without_server(monkeypatch, double):
    """Forget the server's URL; it had a password, so no file has it."""
    monkeypatch.delenv("FAKTORY_URL")
    double.stop()


@pytest.fixture
def secret(server):
    with FaktoryDouble(server.socket, password="hush") as running:
        running.rounds = 10
        yield running


@pytest.fixture
def begun(raw, secret, jobctl, monkeypatch):
    """Crash a release of 120 between its first batch's ACKs and pushes, and forget the server."""
    expected = fill(raw, 120)
    secret.memory.boot()
    monkeypatch.setenv("FAKTORY_URL", secret.url)
    crash(jobctl, monkeypatch)
    monkeypatch.delenv("FAKTORY_URL")
    assert len(reserved(raw)) == 20
    assert jids(raw) == ["queued-00001"]
    return expected


def carry_on(jobctl, latest, *argv, code=0):
    ran = jobctl("resume", latest()["operation"], "--yes", "-o", "json", *argv)
    assert ran.code == code, ran
    return json.loads(ran.out or ran.err)


def test_without_the_server_what_was_acknowledged_is_pushed_and_the_rest_refused(
    raw, begun, secret, jobctl, latest, server
):
    with redis.Redis(unix_socket_path=str(server.socket)) as other:
        other.execute_command("CLIENT", "SETINFO", "LIB-NAME", "go-redis")
        error = carry_on(jobctl, latest, code=7)
        assert "--faktory-url tcp://:***@127.0.0.1" in error["hint"]
        assert jids(raw) == [*begun[20:], "queued-00001"]
        assert len(reserved(raw)) == 20
        assert carry_on(jobctl, latest, code=7)  # nothing more
        assert jids(raw) == [*begun[20:], "queued-00001"]
        report = carry_on(jobctl, latest, "--faktory-url", secret.url)
    assert (report["done"], report["gone"]) == (120, 0)
    assert jids(raw) == [*begun, "queued-00001"]


def test_where_no_server_runs_any_more_it_goes_on_by_redis_alone(
    raw, begun, secret, jobctl, latest
):
    secret.stop()
    report = carry_on(jobctl, latest)
    assert (report["done"], report["gone"]) == (120, 0)
    assert jids(raw) == [*begun, "queued-00001"]


def test_what_may_not_have_been_told_stays_when_no_server_runs(
    raw, secret, jobctl, monkeypatch, latest
):
    expected = fill(raw, 4)
    secret.memory.boot()
    monkeypatch.setenv("FAKTORY_URL", secret.url)
    crash(jobctl, monkeypatch, after=False)
    monkeypatch.delenv("FAKTORY_URL")
    secret.memory.acknowledge(expected[0])
    report = carry_on(jobctl, latest, code=5)
    assert (report["done"], report["failed"]) == (1, 3)
    assert reserved(raw) == expected[1:]


def test_what_may_not_have_been_told_is_left_to_the_server_where_one_runs(
    raw, secret, jobctl, monkeypatch, latest, server
):
    expected = fill(raw, 4)
    secret.memory.boot()
    monkeypatch.setenv("FAKTORY_URL", secret.url)
    crash(jobctl, monkeypatch, after=False)
    monkeypatch.delenv("FAKTORY_URL")
    secret.memory.acknowledge(expected[0])
    with redis.Redis(unix_socket_path=str(server.socket)) as other:
        other.execute_command("CLIENT", "SETINFO", "LIB-NAME", "go-redis")
        carry_on(jobctl, latest, code=7)
        assert jids(raw) == ["queued-00001"]
        report = carry_on(jobctl, latest, "--faktory-url", secret.url)
    assert report["done"] == 4
    assert jids(raw) == [*expected, "queued-00001"]


def test_resume_uses_the_server_that_the_file_names(raw, double, jobctl, monkeypatch, latest):
    expected = fill(raw, 120)
    double.memory.boot()
    monkeypatch.setenv("FAKTORY_URL", double.url)
    crash(jobctl, monkeypatch)
    monkeypatch.delenv("FAKTORY_URL")
    assert carry_on(jobctl, latest)["done"] == 120
    assert double.working == {}
    assert jids(raw) == [*expected, "queued-00001"]


def test_resume_refuses_another_server(raw, begun, jobctl, latest):
    error = carry_on(jobctl, latest, "--faktory-url", "tcp://127.0.0.1:1", code=7)
    assert "begun with tcp://:***@127.0.0.1" in error["message"]
    assert len(reserved(raw)) == 20


def test_a_release_by_redis_alone_can_go_on_with_a_server(raw, double, jobctl, monkeypatch, latest):
    fill(raw, 20)
    double.memory.boot()

    def dying(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(releasing.Releaser, "act", dying)
        assert jobctl("working", "release", "--all", "--yes").code == 130
    assert carry_on(jobctl, latest, "--faktory-url", double.url)["done"] == 20
    assert double.working == {}


def test_a_finished_release_needs_no_server_to_be_told_of(
    shop, raw, double, release, jobctl, latest, monkeypatch, server
):
    release("--all")
    monkeypatch.delenv("FAKTORY_URL")
    with redis.Redis(unix_socket_path=str(server.socket)) as other:
        other.execute_command("CLIENT", "SETINFO", "LIB-NAME", "go-redis")
        assert carry_on(jobctl, latest)["done"] == 2


def test_a_list_of_the_wrong_type_is_known_before_the_server_is_told(shop, raw, double, release):
    raw.set("q:mailers", "a string")
    report, said = release("--all", code=5)
    assert (report["done"], report["failed"]) == (1, 1)
    assert "WRONGTYPE" in said
    assert acks(double) == ["held-0000001"]
    assert reserved(raw) == ["held-0000002"]


@pytest.mark.parametrize("denied", ["rpush", "ltrim", "sadd", "zrem", "hset", "eval", "zmscore"])
def test_a_denied_command_is_known_before_the_server_is_told(
    shop, raw, double, jobctl, url, denied
):
    raw.execute_command(
        "ACL", "SETUSER", "clerk", "reset", "on", ">pw", "~*", "+@all", f"-{denied}"
    )
    limited = url.replace("unix://", "unix://clerk:pw@")
    try:
        ran = jobctl(
            "-u", limited, "--faktory-url", double.url, "working", "release", "--all", "--yes"
        )
    finally:
        raw.acl_deluser("clerk")
    assert ran.code in (1, 3), ran
    assert "this is a bug" not in ran.err
    assert (acks(double), len(reserved(raw))) == ([], 2)
    assert jids(raw) == ["queued-00001"]


def test_a_full_redis_takes_what_was_released(shop, raw, double, release):
    release("held-0000002")
    double.memory._count = lambda *counters: None  # a real one loses count as well
    raw.config_set("maxmemory", 1)
    try:
        report, _ = release("--all")
    finally:
        raw.config_set("maxmemory", 0)
    assert report["done"] == 1
    assert jids(raw) == ["held-0000001", "queued-00001"]
