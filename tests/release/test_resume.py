"""Releases that end half way, and what finishes them: every job is somewhere, and once."""

import json

import pytest

from jobctl.operations.engine import Operation
from jobctl.operations.subjects.reservations import Release
from tests.builders import failed, job, retry
from tests.release.holding import MANY, everything, fill, held, hold, jids, reserved
from tests.systems.double import FaktoryDouble


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


def crash(jobctl, monkeypatch, step="_tell", *, after=True, batch=1):
    """Let jobctl die at a step of a batch: once that is through it, or before."""
    begun = []
    owner = Operation if step in ("_take", "_release") else Release
    plain = getattr(owner, step)

    def dying(self, *given):
        begun.append(step)
        dies = len(begun) == batch
        result = plain(self, *given) if after or not dies else None
        if dies:
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, dying)
        assert jobctl("working", "release", "--all", "--yes").code == 130


STEPS = ["_look", "_acknowledge", "_probe", "_tell", "_search", "_push", "_take"]


@pytest.mark.parametrize("step", STEPS)
def test_whatever_the_step_it_stops_at_resume_finishes(
    raw, double, release, resume, jobctl, monkeypatch, step
):
    expected = fill(raw)
    double.memory.boot()
    crash(jobctl, monkeypatch, step, after=False, batch=2)
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
        patched.setattr(Release, "_search", lambda self, fates: 1 / 0)
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
    raw, begun, secret, jobctl, latest, seen
):
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


@pytest.mark.parametrize("runs", [False, True])
def test_what_may_not_have_been_told_stays_or_is_left_to_the_server_that_runs(
    raw, secret, jobctl, monkeypatch, latest, request, runs
):
    expected = fill(raw, 4)
    secret.memory.boot()
    monkeypatch.setenv("FAKTORY_URL", secret.url)
    crash(jobctl, monkeypatch, after=False)
    monkeypatch.delenv("FAKTORY_URL")
    secret.memory.acknowledge(expected[0])
    if runs:
        request.getfixturevalue("seen")
        carry_on(jobctl, latest, code=7)
        assert jids(raw) == ["queued-00001"]
        assert carry_on(jobctl, latest, "--faktory-url", secret.url)["done"] == 4
        assert jids(raw) == [*expected, "queued-00001"]
    else:
        report = carry_on(jobctl, latest, code=5)
        assert (report["done"], report["failed"]) == (1, 3)
        assert reserved(raw) == expected[1:]


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
    crash(jobctl, monkeypatch, "_release", after=False)
    assert carry_on(jobctl, latest, "--faktory-url", double.url)["done"] == 20
    assert double.working == {}


def test_a_finished_release_needs_no_server_to_be_told_of(
    shop, double, release, jobctl, latest, monkeypatch, seen
):
    release("--all")
    monkeypatch.delenv("FAKTORY_URL")
    assert carry_on(jobctl, latest)["done"] == 2
