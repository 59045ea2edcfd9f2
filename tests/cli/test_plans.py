"""Plans are handed around: what is in one is checked, and of all its copies one is carried out."""

import json
import os
import socket
import threading

import pytest

from jobctl import connect
from jobctl.errors import ConnectionLost, Refused
from jobctl.operations import lines as opening
from jobctl.redis.operations import Operations
from tests.builders import failed, retry
from tests.everything import contents


@pytest.fixture
def home(monkeypatch, tmp_path):
    """Move to the home of an operator; return the journal there."""

    def move(name="anna"):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / name))
        monkeypatch.setenv("USER", name)
        return tmp_path / name / "jobctl" / "operations"

    move()
    return move


@pytest.fixture
def plan(raw, jobctl, home, tmp_path):
    """A plan to requeue four retries."""
    raw.sadd("queues", "default")
    raw.lpush("q:default", failed("already-there"))
    retry(raw, *(failed(f"jid-{i:08d}") for i in range(4)))
    path = tmp_path / "plan.jsonl"
    assert jobctl("retries", "requeue", "--all", "--plan", str(path)).code == 0
    return path


def rewritten(plan, **header):
    first, _, rest = plan.read_text().partition("\n")
    plan.write_text(json.dumps(json.loads(first) | header) + "\n" + rest)


@pytest.mark.parametrize(
    "operation",
    ["/tmp/x/evil", "../../evil", "", 5, None, "\x1b[31m7f3a", "7F3A09C2", "7f3a09c", "7f3a09c2\n"],
)
def test_an_id_is_eight_hex_digits(plan, raw, jobctl, home, tmp_path, operation):
    (tmp_path / "evil.jsonl").write_text("precious")
    before = contents(raw)
    rewritten(plan, operation=operation)
    ran = jobctl("apply", str(plan), "--yes")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert f"error: {plan} is no operation" in ran.err
    assert contents(raw) == before
    assert (tmp_path / "evil.jsonl").read_text() == "precious"
    assert not home().exists()


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"kind": "queue"}, "requeue works on retries, scheduled, dead, not on queue"),
        ({"server": "http://x"}, "malformed URL"),
        ({"faktory": "redis://x"}, "URL"),
        ({"started_at": "x"}, "the header.started_at is no number"),
        ({"argv": "x"}, "the header.argv is no list"),
        ({"change": {"verb": "requeue", "rate": -1}}, "its rate is not positive"),
        ({"change": {"verb": "requeue", "to": 5}}, "the header.change.to is no text"),
        ({"change": {"verb": "requeue", "to": "a b*"}}, "is no name of a queue"),
        ({"change": {"verb": "explode"}}, "the header.change.verb is no known word"),
        ({"queues": [{"name": "x"}]}, "the header.queues has no forms"),
        ({"more": 1}, "the header has fields that are not known"),
    ],
)
def test_each_field_is_checked(plan, jobctl, header, said):
    rewritten(plan, **header)
    ran = jobctl("apply", str(plan), "--yes")
    assert ran.code == 1
    assert [line.split(":")[0] for line in ran.err.splitlines()] in (["error"], ["error", "hint"])
    assert str(plan) in ran.err
    assert said in ran.err


def test_the_file_of_an_operation_is_no_plan(plan, jobctl, report, home):
    operation = report("apply", str(plan), "--yes")["operation"]
    file = home() / f"{operation}.jsonl"
    home("bert")
    jobctl("apply", str(file), "--yes").fails(7, "is no plan: it is the file of an operation")


def test_a_plan_may_be_anybodys_and_come_out_of_a_pipe(plan, raw, report, tmp_path):
    text = plan.read_bytes()
    os.chown(plan, 12345, 12345) if os.geteuid() == 0 else None
    plan.chmod(0o444)
    assert report("apply", str(plan), "--dry-run")["matched"] == 4
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(text,))
    writer.start()
    assert report("apply", str(pipe), "--yes")["done"] == 4
    writer.join()
    assert raw.zcard("retries") == 0


def test_a_pipe_that_nothing_comes_out_of_does_not_hang(jobctl, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "PATIENCE", 0.01)
    os.mkfifo(tmp_path / "pipe")
    jobctl("apply", str(tmp_path / "pipe"), "--yes").fails(1, "nothing came out of this pipe")


def test_a_plan_that_cannot_be_made_has_no_hint_about_the_journal(raw, jobctl, home, tmp_path):
    retry(raw, failed("jid-0"))
    ran = jobctl("retries", "kill", "--all", "--plan", str(tmp_path / "no" / "plan.json"))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1].endswith("plan.json: No such file or directory")


@pytest.mark.parametrize("odd", ["/dev/zero", "/dev/null", "."])
def test_what_is_neither_a_file_nor_a_pipe_is_no_plan(jobctl, odd):
    ran = jobctl("apply", odd, "--yes")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "neither a file nor a pipe" in ran.err


def test_of_two_homes_with_the_same_plan_one_carries_it_out(plan, raw, jobctl, report, home):
    done = report("apply", str(plan), "--yes")
    assert (done["done"], done["gone"]) == (4, 0)
    operation, after = done["operation"], contents(raw)
    home("bert")
    ran = jobctl("apply", str(plan), "--yes", "-o", "json")
    second = json.loads(ran.out)
    assert (ran.code, second["matched"], second["done"], second["gone"]) == (0, 4, 0, 4)
    assert f"operation {operation} was begun by anna@" in ran.err
    assert contents(raw) == after
    jobctl("undo", operation, "--yes").fails(7, "was begun by anna@")
    assert report("resume", operation, "--yes")["gone"] == 4
    assert contents(raw) == after
    home("anna")
    assert report("undo", operation, "--yes")["done"] == 4
    assert raw.zcard("retries") == 4


def test_a_claim_holds_while_the_other_one_is_stopped_half_way(plan, raw, url, tmp_path, home):
    from jobctl import Watch

    class Impatient(Watch):
        looks = 0

        def stopping(self):
            self.looks += 1
            return self.looks > 2

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("jobctl.operations.subjects.jobs.JobSubject.most", 1)
        with connect(url, operations=tmp_path / "one") as one:
            first = one.apply(plan, who="anna", host="web1", watch=Impatient())
        assert (first.done, first.unfinished) == (2, True)
        with connect(url, operations=tmp_path / "two") as two:
            second = two.apply(plan, who="bert", host="web2")
            assert (second.done, second.gone) == (0, 4)
            assert "was begun by anna@web1" in second.notes[0]
            with pytest.raises(Refused, match="anna@web1"):
                two.undo(first.operation)
        with connect(url, operations=tmp_path / "one") as one:
            assert one.resume(first.operation).done == 4
            assert one.undo(first.operation).done == 4
    assert raw.zcard("retries") == 4


def test_what_the_version_before_began_goes_on_and_back(plan, raw, report, home):
    """It wrote no claim, neither into the file nor into Redis."""
    done = report("apply", str(plan), "--yes")
    (file,) = home().iterdir()
    lines = file.read_text().splitlines(keepends=True)
    for i, line in enumerate(lines):
        if line.startswith('{"acting"'):
            note = json.loads(line)["acting"]
            assert {note.pop("claim"), note.pop("who"), note.pop("host")}
            lines[i] = json.dumps({"acting": note}) + "\n"
    file.write_text("".join(lines[:-1]))  # its end never came
    key = f"jobctl:op:{done['operation']}"
    raw.hdel(key, "claim")
    resumed = report("resume", done["operation"], "--yes")
    assert (resumed["done"], resumed["gone"]) == (4, 0)
    assert report("resume", done["operation"], "--yes")["done"] == 4
    assert report("undo", done["operation"], "--yes")["done"] == 4
    assert raw.zcard("retries") == 4


def test_a_plan_that_the_version_before_applied_elsewhere_is_not_applied_again(
    plan, raw, jobctl, report, home
):
    key = f"jobctl:op:{report('apply', str(plan), '--yes')['operation']}"
    raw.hdel(key, "claim")
    after = contents(raw)
    home("bert")
    jobctl("apply", str(plan), "--yes").fails(7, "was begun, and not with the file")
    assert contents(raw) == after


def test_a_plan_that_is_applied_twice_at_once_is_applied_once(plan, raw, url, tmp_path):
    reports, refusals = [], []
    together = threading.Barrier(4)

    def apply():
        with connect(url, operations=tmp_path / "operations") as store:
            together.wait()
            try:
                reports.append(store.apply(plan))
            except Refused as error:
                refusals.append(error.message)

    threads = [threading.Thread(target=apply) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(report.done, report.gone) for report in reports] == [(4, 0)]
    assert len(refusals) == 3
    assert all("was applied before, or is being applied" in text for text in refusals)
    assert [path.suffix for path in (tmp_path / "operations").iterdir()] == [".jsonl"]


@pytest.mark.parametrize("lost", [ConnectionLost, KeyboardInterrupt])
def test_a_plan_whose_claim_was_not_answered_goes_on_where_it_was_applied(
    plan, raw, jobctl, report, home, monkeypatch, lost
):
    claim = Operations.claim

    def unanswered(self, *args):
        claim(self, *args)
        raise lost("on the way back")

    with monkeypatch.context() as patched:
        patched.setattr(Operations, "claim", unanswered)
        ran = jobctl("apply", str(plan), "--yes")
    assert ran.code == (3 if lost is ConnectionLost else 130)
    (file,) = home().iterdir()
    if lost is ConnectionLost:
        assert f"go on with: jobctl resume {file.stem}" in ran.err
    assert raw.zcard("retries") == 4
    assert report("resume", file.stem, "--yes")["done"] == 4


def test_a_plan_that_redis_refuses_can_be_applied_later(plan, raw, jobctl, report, home):
    raw.execute_command("ACL", "SETUSER", "default", "-zrem")
    try:
        ran = jobctl("apply", str(plan), "--yes")
    finally:
        raw.execute_command("ACL", "SETUSER", "default", "+@all")
    assert ran.code == 3
    assert not home().exists()
    assert report("apply", str(plan), "--yes")["done"] == 4


@pytest.fixture
def odd_file(home, monkeypatch):
    """What stands in the place of an operation's file; each kind by its name."""
    directory = home()
    directory.mkdir(parents=True)
    path = directory / "0badf00d.jsonl"
    sockets = []

    def make(kind):
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "directory":
            path.mkdir()
        elif kind == "link":
            (directory / "elsewhere").write_text("{}\n")
            path.symlink_to(directory / "elsewhere")
        elif kind == "socket":
            sockets.append(socket.socket(socket.AF_UNIX))
            monkeypatch.chdir(directory)  # names of sockets are short
            sockets[0].bind(path.name)
        elif kind == "foreign":
            path.write_text('{"jobctl":1}\n')
            os.chown(path, 12345, 12345)
        elif kind == "renamed":
            (theirs,) = (p for p in directory.iterdir() if p != path)
            path.write_bytes(theirs.read_bytes())
        return path

    yield make
    for one in sockets:
        one.close()


@pytest.mark.parametrize("kind", ["pipe", "directory", "link", "socket", "foreign", "renamed"])
def test_what_stands_in_the_place_of_a_file_harms_only_itself(odd_file, plan, jobctl, report, kind):
    if kind == "foreign" and os.geteuid() != 0:
        pytest.skip("only root can give files away")
    operation = report("apply", str(plan), "--yes")["operation"]
    path = odd_file(kind)
    ran = jobctl("journal", "ls", "-o", "ids")
    assert (ran.code, ran.out) == (0, f"{operation}\n")
    assert (ran.err.count("\n"), str(path) in ran.err) == (1, True)
    for argv in (("journal", "show"), ("undo", "--yes"), ("resume", "--yes")):
        ran = jobctl(*argv, "0badf00d")
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1), argv
        assert str(path) in ran.err
    assert jobctl("journal", "prune", "--older-than", "0s", "-o", "ids").out == f"{operation}\n"
    assert report("retries", "kill", "--all", "--yes")["done"] == 0


def test_a_file_that_was_made_and_never_written_says_that_nothing_was_chosen(plan, jobctl, home):
    home().mkdir(parents=True)
    (home() / "0badf00d.jsonl").touch()
    ran = jobctl("resume", "0badf00d", "--yes")
    ran.fails(7, "operation 0badf00d was stopped before anything was chosen: nothing was changed")
    assert "0badf00d" in jobctl("journal", "ls").err


def test_what_a_killed_process_left_is_swept_away_after_a_day(plan, jobctl, home):
    home().mkdir(parents=True)
    left = [home() / "0badf00d.jsonl", home() / "0badf00d.12345678.part"]
    others = [home() / "mine.jsonl", home() / "0badf00e.jsonl"]
    for file in (*left, *others):
        file.touch()
    others[0].write_text("mine")
    for file in (*left, others[0]):
        os.utime(file, (1, 1))
    jobctl("journal", "prune", "--dry-run")
    assert len(list(home().iterdir())) == 4
    jobctl("journal", "prune")
    assert sorted(home().iterdir()) == sorted(others)
