"""Files of operations and plans that were cut off or changed: one line each, never a traceback."""

import json
import os
import random

import pytest

from tests.builders import NOW, enqueue, failed, job, reservation, retry

pytestmark = pytest.mark.usefixtures("own_journal")

TRIALS = int(os.environ.get("JOBCTL_DAMAGED", "4"))  # of each file
ODD = [
    None, True, -1, 0, 1, 10**9, 10**30, 1.5, -1e300, "", "x", "\x1b[31m", "7f3a09c2", "q", "..",
    "/tmp/x/evil", "\ud800", [], [1], ["x"], {}, {"x": 1}, [[]] * 3,
]  # fmt: skip
KINDS = {
    "kill": ("retries", "kill", "--all"),
    "requeue": ("retries", "requeue", "--all", "--reset-retries", "--front"),
    "reschedule": ("retries", "reschedule", "--all", "--in", "1h"),
    "later": ("retries", "requeue", "--all", "--in", "1h", "--limit", "3"),
    "discard": ("retries", "discard", "--all"),
    "release": ("working", "release", "--all"),
    "delete": ("record", "delete", "--all", "--force"),
    "mark": ("record", "mark", "failed", "--all"),
    "remove": ("queue", "remove", "default", "--confirm", "default"),
}


@pytest.fixture
def shop(raw, jobctl):
    enqueue(raw, "default", job("queued-00001"), job("queued-00002"))
    retry(raw, *(failed(f"jid-{i:08d}") for i in range(4)), b"\xff\n", at=NOW + 0.5)
    raw.zadd("working", {reservation(job(f"held-{i:07d}")): NOW + i for i in range(3)})
    for i in range(3):
        assert jobctl("record", "create", f"r{i}", "--name", "Import").code == 0


def snapshot(raw):
    return {key: raw.dump(key) for key in raw.scan_iter()}


def restore(raw, kept):
    pipe = raw.pipeline()
    pipe.flushdb()
    for key, value in kept.items():
        pipe.restore(key, 0, value)
    pipe.execute()


def damaged(text: bytes, rng: random.Random) -> bytes:
    """Return a file as a crash, or somebody with an editor, may leave it."""
    way = rng.randrange(6)
    at = rng.randrange(len(text))
    if way == 0:
        return text[:at]
    if way == 1:
        return text[:at] + rng.randbytes(rng.randrange(1, 4)) + text[at + 1 :]
    if way == 2:
        return text[:at] + text[at + rng.randrange(1, 60) :]
    lines = text.splitlines(keepends=True)
    place = rng.randrange(len(lines))
    if way == 3:
        return b"".join(lines[:place] + lines[place + 1 :])
    if way == 4:
        return b"".join([*lines[:place], lines[rng.randrange(len(lines))], *lines[place:]])
    # a value anywhere in the header or a note becomes another one
    notes = [i for i, line in enumerate(lines) if not line.startswith(b'{"score"')]
    place = rng.choice(notes)
    found = json.loads(lines[place])
    changed(found, rng)
    lines[place] = json.dumps(found).encode() + b"\n"
    return b"".join(lines)


def changed(found, rng):
    """Put something odd in one place of a JSON value."""
    while True:
        key = rng.choice(list(found)) if isinstance(found, dict) else rng.randrange(len(found))
        inner = found[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.8:
            found = inner
            continue
        found[key] = rng.choice(ODD)
        return


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", ["done", "stopped", "undone"])
def test_a_damaged_file_is_told_in_one_line_and_harms_only_itself(
    shop, raw, jobctl, own_journal, tmp_path, kind, state
):
    undoable = kind not in ("release", "mark")
    if state == "undone" and not undoable:
        pytest.skip("it cannot be undone")
    ran = jobctl("retries", "kill", "--all", "--yes", "--limit", "1", "-o", "ids")
    (healthy,) = (path.stem for path in own_journal.iterdir())
    assert jobctl(*KINDS[kind], "--yes").code in (0, 5)
    (path,) = (path for path in own_journal.iterdir() if path.stem != healthy)
    if state == "undone":
        assert jobctl("undo", path.stem, "--yes").code == 0
    whole = path.read_bytes()
    if state == "stopped":
        whole = whole[: whole.rindex(b"\n", 0, -1) + 1]
    before = snapshot(raw)
    rng = random.Random(f"{kind} {state}")
    apart = tmp_path / "plan.jsonl"
    for _ in range(TRIALS):
        text = damaged(whole, rng)
        for argv in (
            ("journal", "ls"),
            ("journal", "show", path.stem),
            ("journal", "show", path.stem, "--jobs"),
            ("journal", "prune", "-n", "--older-than", "0s"),
            ("undo", path.stem, "--yes"),
            ("resume", path.stem, "--yes"),
            ("apply", str(apart), "--yes"),
        ):
            path.write_bytes(text)
            apart.write_bytes(text)
            ran = jobctl(*argv)
            told = ran.err.splitlines()
            errors = [line for line in told if line.startswith("error: ")]
            note = (argv, text, ran)
            assert ran.code in range(8), note
            assert "this is a bug" not in ran.err, note
            assert "Traceback" not in ran.err, note
            assert "\x1b" not in ran.err, note
            assert len(errors) <= 1, note
            if argv == ("journal", "ls"):
                assert healthy in ran.out, note
            if argv[0] != "journal":
                restore(raw, before)
                for extra in own_journal.iterdir():
                    if extra.stem not in (healthy, path.stem):
                        extra.unlink()
