"""Undo, resume, plans and the journal."""

import json
import os
import stat
import time
from dataclasses import replace

import pytest

from tests.builders import NOW, enqueue, failed, job, retry
from tests.everything import contents
from tests.trouble import replica


@pytest.fixture
def shop(raw):
    enqueue(raw, "default", job("queued-00001"), job("queued-00002"))
    raw.sadd("queues", "slow", "mailers")
    members = [
        failed("jid-00000001"),
        failed("jid-00000002", queue="mailers"),
        failed("jid-00000003"),
        b'{ "jid" : "jid-00000004", "queue":"default","args":[12345678901234567890] }',
    ]
    retry(raw, *members, at=NOW + 0.125)
    return members


def test_undo_of_a_kill_leaves_alone_what_was_requeued_from_dead(shop, raw, report):
    done = report("retries", "kill", "--all", "--yes")
    raw.zrem("dead", shop[0])
    undone = report("undo", done["operation"], "--yes")
    assert (undone["done"], undone["gone"], undone["missing"]) == (3, 1, ["jid-00000001"])
    assert undone["after"] == {"retries": 3, "dead": 0}


def test_undo_of_a_kill_keeps_the_twin_that_was_dead_before(shop, raw, report):
    raw.zadd("dead", {shop[0]: NOW})
    before = contents(raw)
    done = report("retries", "kill", "--all", "--yes")
    assert (done["done"], raw.zcard("dead")) == (4, 4)
    report("undo", done["operation"], "--yes")
    assert contents(raw) == before


def test_undo_asks_and_needs_an_answer(shop, raw, jobctl, report):
    operation = report("retries", "kill", "--all", "--yes")["operation"]
    assert jobctl("undo", operation).code == 7
    assert raw.zcard("retries") == 0


def test_undo_takes_the_beginning_of_an_id_and_names_near_ones(shop, jobctl, report):
    operation = report("retries", "kill", "--all", "--yes")["operation"]
    assert jobctl("undo", "zzzz", "--yes").code == 2
    wrong = "0000" if not operation.startswith("0000") else "1111"
    assert jobctl("undo", wrong, "--yes").code == 4
    assert report("undo", operation[:5], "--yes")["done"] == 4


def test_undo_finds_the_server_in_its_file(shop, raw, monkeypatch, jobctl, report):
    operation = report("retries", "kill", "--all", "--yes")["operation"]
    monkeypatch.delenv("JOBCTL_URL")
    assert jobctl("undo", operation, "--yes", url=None).code == 0
    assert raw.zcard("retries") == 4


@pytest.mark.parametrize(
    "argv",
    [("retries", "requeue", "--all"), ("queue", "remove", "default", "--confirm", "default")],
)
def test_resume_says_that_an_operation_was_finished_before(shop, jobctl, report, argv):
    operation = report(*argv, "--yes")["operation"]
    said = f"operation {operation} was finished before; nothing was changed\n"
    for form in ("json", "tsv", "table"):
        ran = jobctl("resume", operation, "--yes", "-o", form)
        assert (ran.code, said in ran.err) == (0, True)
        assert (", by an earlier run" in ran.out) is (form == "table")


def test_resume_puts_right_what_the_server_forgot(shop, raw, report, jobctl):
    before = contents(raw)
    done = report("retries", "kill", "--all", "--yes")
    # The server lost its last second: data and results are as they were.
    raw.delete("dead", f"jobctl:op:{done['operation']}")
    raw.zadd("retries", before[b"retries"])
    ran = jobctl("resume", done["operation"], "--yes", "-o", "json")
    assert json.loads(ran.out)["done"] == 4
    assert "finished before" not in ran.err
    assert (raw.zcard("retries"), raw.zcard("dead")) == (0, 4)


def test_a_plan_never_writes_over_a_file(shop, jobctl, tmp_path):
    plan = tmp_path / "precious"
    plan.write_text("mine")
    assert jobctl("retries", "kill", "--all", "--plan", str(plan)).code == 2
    assert plan.read_text() == "mine"
    assert jobctl("apply", str(plan), "--yes").code == 1
    assert jobctl("apply", str(tmp_path / "nowhere"), "--yes").code == 1


def test_a_plan_that_a_guard_refuses_leaves_no_file(shop, jobctl, tmp_path):
    plan = tmp_path / "plan.jsonl"
    assert jobctl("retries", "kill", "--all", "--plan", str(plan), "--max", "1").code == 7
    assert not plan.exists()


def test_the_journal_shows_each_job_and_what_became_of_it(shop, report, jobctl):
    operation = report("retries", "kill", "--all", "--limit", "3", "--yes")["operation"]
    ran = jobctl("journal", "show", operation, "--jobs", "-o", "jsonl")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [(row["jid"], row["outcome"]) for row in rows] == [
        (f"jid-0000000{i}", "done") for i in (1, 2, 3)
    ]


def test_the_journal_is_private_and_empty_at_first(jobctl, own_journal, shop):
    assert jobctl("journal", "ls", "-o", "json").out == "[]\n"
    jobctl("retries", "kill", "--all", "--yes")
    assert stat.S_IMODE(own_journal.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in own_journal.iterdir())


def test_no_password_is_written_down(shop, raw, jobctl, url, own_journal):
    raw.execute_command("ACL", "SETUSER", "op", "reset", "on", ">s3cret", "~*", "&*", "+@all")
    ran = jobctl("retries", "kill", "--all", "--yes", "-u", url.replace("://", "://op:s3cret@"))
    assert ran.code == 0
    assert "s3cret" not in "".join(f.read_text() for f in own_journal.iterdir()) + ran.err
    operation = ran.err.split()[-1]
    ran = jobctl("undo", operation, "--yes", url=None)
    assert ran.code in (0, 7)  # it says that it needs the password, or the environment has it
    raw.acl_deluser("op")


def test_pruning_deletes_old_finished_operations_only(shop, jobctl, own_journal, report):
    old = report("retries", "kill", "--all", "--limit", "1", "--yes")["operation"]
    new = report("retries", "kill", "--all", "--limit", "1", "--yes")["operation"]
    stopped = report("retries", "kill", "--all", "--limit", "1", "--yes")["operation"]
    file = own_journal / f"{stopped}.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))  # its end never came
    for operation in (old, stopped):
        long_ago = time.time() - 40 * 86400
        os.utime(own_journal / f"{operation}.jsonl", (long_ago, long_ago))
    assert jobctl("journal", "prune", "-n", "-o", "ids").out.split() == [old]
    assert len(list(own_journal.iterdir())) == 3
    assert jobctl("journal", "prune", "-o", "ids").out.split() == [old]
    assert jobctl("journal", "prune", "--max-size", "0", "-o", "ids").out.split() == [new]
    assert [f.stem for f in own_journal.iterdir()] == [stopped]


@pytest.mark.parametrize("fmt", ["json", "table"])
def test_a_resume_can_be_rehearsed(shop, raw, jobctl, report, fmt):
    operation = report("retries", "kill", "--all", "--yes")["operation"]
    before = contents(raw)
    ran = jobctl("resume", operation, "-n", "-o", fmt)
    assert (ran.code, contents(raw)) == (0, before), ran.err
    assert report("journal", "ls")[0]["state"] == "done"


def test_a_batch_that_comes_after_its_undo_does_nothing(shop, raw, store, monkeypatch, own_journal):
    from jobctl import Guards, Watch, Where
    from jobctl.redis.operations import Operations

    class Impatient(Watch):
        def stopping(self):
            return bool(sent)  # after the first batch

    sent = []
    plain = Operations.each

    def noting(self, commands):
        return plain(self, (sent.append(c) or c for c in commands))

    monkeypatch.setattr("jobctl.operations.subjects.jobs.JobSubject.most", 1)
    monkeypatch.setattr(Operations, "each", noting)
    store.backend.scope = replace(store.backend.scope, operations_directory=own_journal)
    before = contents(raw)
    report = store.retries.kill(Where(), guards=Guards(everything=True), watch=Impatient())
    assert (report.done, report.unfinished) == (1, True)
    (file,) = own_journal.iterdir()
    late = json.loads([li for li in file.read_bytes().splitlines() if b'"batch"' in li][-1])[
        "batch"
    ]
    assert late["number"] == 2  # noted, and never sent
    assert store.undo(report.operation).done == 1
    words = list(sent[0])
    words[words.index("1", 3)] = "2"
    words[-1] = list(before[b"retries"])[1]
    (reply,) = plain(store.backend.operations, iter([tuple(words)]))
    assert reply == b"g0"
    assert contents(raw) == before


def test_undo_also_works_where_redis_has_forgotten_the_results(shop, raw, report):
    before = contents(raw)
    done = report("retries", "kill", "--all", "--yes")
    raw.delete(f"jobctl:op:{done['operation']}")
    assert report("undo", done["operation"], "--yes")["done"] == 4
    assert contents(raw) == before


def test_clear_without_undo_can_be_planned_and_rehearsed(shop, raw, jobctl, tmp_path):
    plan = tmp_path / "plan.jsonl"
    argv = ("retries", "clear", "--no-undo")
    assert jobctl(*argv, "--plan", str(plan)).code == 0
    assert jobctl(*argv, "-n").code == 0
    assert (raw.zcard("retries"), plan.exists()) == (4, True)


def test_what_is_refused_at_the_first_write_leaves_nothing_in_the_journal(
    shop, raw, jobctl, own_journal
):
    with replica(raw):
        ran = jobctl("retries", "kill", "--all", "--yes")
    assert ran.code == 3
    assert "read-only replica" in ran.err
    assert not own_journal.exists()


def test_twins_that_a_requeue_made_all_come_back(raw, report):
    """Without their failures they are equal by the byte; so are those that stand apart."""
    enqueue(raw, "default", job("queued-00001"))
    twins = [failed("jid-00000001", failure={"message": f"try {i}"}) for i in range(10)]
    more = [failed("jid-00000002", failure={"message": f"try {i}"}) for i in range(7)]
    mixed = [raw for pair in zip(twins, more, strict=False) for raw in pair]
    retry(raw, *mixed, *twins[7:])
    before = contents(raw)
    done = report("retries", "requeue", "--all", "--reset-retries", "--yes")
    assert len(set(raw.lrange("q:default", 0, -1))) == 3
    raw.lpush("q:default", job("newcomer-0001"))
    undone = report("undo", done["operation"], "--yes")
    assert (undone["done"], undone["gone"]) == (17, 0)
    assert contents(raw)[b"retries"] == before[b"retries"]
    assert raw.lrange("q:default", 0, -1) == [job("newcomer-0001"), job("queued-00001")]


def test_what_ran_of_twins_is_gone_and_the_rest_comes_back(raw, report):
    enqueue(raw, "default", job("queued-00001"))
    retry(raw, *(failed("jid-00000001", failure={"message": f"try {i}"}) for i in range(10)))
    done = report("retries", "requeue", "--all", "--reset-retries", "--yes")
    for _ in range(4):
        raw.rpop("q:default")
    undone = report("undo", done["operation"], "--yes")
    assert (undone["done"], undone["gone"]) == (7, 3)
    assert (raw.zcard("retries"), raw.llen("q:default")) == (7, 0)


def test_jobs_that_cannot_be_taken_out_are_said_to_be_queued_still(
    shop, raw, jobctl, report, monkeypatch
):
    from jobctl.redis.queues import QueueJobs

    done = report("retries", "requeue", "--all", "--yes")
    with monkeypatch.context() as patched:
        patched.setattr(QueueJobs, "span", lambda *_, **__: None)  # they never stand still
        ran = jobctl("undo", done["operation"], "--yes", "-o", "table")
    assert ran.code == 1
    assert "still in queue default" in ran.out + ran.err
    assert f"jobctl undo {done['operation']}" in ran.err
    assert report("undo", done["operation"], "--yes")["done"] == 4
    assert raw.zcard("retries") == 4


def test_many_results_are_read_in_chunks(shop, raw, report, monkeypatch):
    """A rate of one a second leaves a result a job: no reply holds all of them."""
    from jobctl.redis.connection import Connection

    replies = []
    plain = Connection.call

    def noting(self, *command):
        reply = plain(self, *command)
        if command[0] in ("HSCAN", "HGETALL"):
            replies.append((command[0], len(reply[1])))
        return reply

    monkeypatch.setattr(Connection, "call", noting)
    done = report("retries", "kill", "--all", "--yes")
    key = f"jobctl:op:{done['operation']}"
    raw.hset(key, mapping={f"u9{i:05d}": "g1" for i in range(20_000)})
    assert report("undo", done["operation"], "--yes")["done"] == 4
    assert {name for name, _ in replies} == {"HSCAN"}
    assert len(replies) > 10
    assert max(size for _, size in replies) < 2 * 2000


def test_a_change_opens_a_few_files_of_the_journal_whatever_there_are(
    shop, report, own_journal, monkeypatch
):
    from jobctl.operations.file import OperationFile

    operation = report("retries", "kill", "--all", "--limit", "1", "--yes")["operation"]
    text = (own_journal / f"{operation}.jsonl").read_text()
    for i in range(200):
        file = own_journal / f"{i:08x}.jsonl"
        file.write_text(text.replace(operation, file.stem))
        if i % 2:
            long_ago = time.time() - 40 * 86400
            os.utime(file, (long_ago, long_ago))
    opened = []
    plain = OperationFile.open

    def noting(path, **how):
        opened.append(path)
        return plain(path, **how)

    monkeypatch.setattr(OperationFile, "open", noting)
    report("retries", "kill", "--all", "--limit", "1", "--yes")
    assert len(opened) == 20
    assert len(list(own_journal.iterdir())) == 201 - 20 + 1
    assert all(int(path.stem, 16) % 2 for path in opened)


def test_a_dry_run_needs_no_home(shop, jobctl, report, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))  # nothing can be made in there
    assert report("retries", "kill", "--all", "--dry-run")["matched"] == 4
    assert report("record", "delete", "--all", "--dry-run")["matched"] == 0
    ran = jobctl("retries", "kill", "--all", "--yes")
    assert ran.code == 1
    assert "disk full" not in ran.err


def test_permission_denied_is_told_from_a_full_disk():
    import errno
    from pathlib import Path

    from jobctl.operations.lines import problem

    denied = problem("make", Path("x"), PermissionError(errno.EACCES, "Permission denied"))
    assert denied.message == "cannot make the operation's file x: Permission denied"
    assert denied.hint == "name a directory that this user may write to: XDG_STATE_HOME"
    full = problem("write", Path("x"), OSError(errno.ENOSPC, "No space left on device"))
    assert full.hint == "make room there, or name another directory with XDG_STATE_HOME"


def test_a_file_that_vanishes_is_told_as_what_it_is(shop, jobctl, monkeypatch):
    from jobctl.operations.journal import Journal

    def gone(self, *_):
        raise FileNotFoundError(2, "No such file or directory", "/state/7f3a09c2.jsonl")

    monkeypatch.setattr(Journal, "entries", gone)
    ran = jobctl("journal", "ls")
    assert (ran.code, ran.err) == (
        1, "error: /state/7f3a09c2.jsonl: No such file or directory\n",
    )  # fmt: skip
