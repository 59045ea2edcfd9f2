"""Make the fixtures with the jobctl of another checkout: operations, plans and leases.

    PYTHONPATH=CHECKOUT python -m tests.blackbox.old.make REDIS_SOCKET

in a checkout that has this folder; CHECKOUT is the older one. The Redis is emptied again and again.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import redis

from tests.blackbox.old.dump import URL, WIRE, dump
from tests.blackbox.shop import bare, jobs, records
from tests.blackbox.story import Step, Story, run_process

HERE = Path(__file__).parent
WIRED = "--faktory-url WIRE -u URL"
HELD = "echo $$; exec sleep 60"
# The data, the command, the key at whose change it is cut off half way, and how batches are small.
OPERATIONS = {
    "kill": (jobs, "retries kill --all --yes", "retries", " --rate 2/s"),
    "discard": (jobs, "retries discard --all --yes", "retries", " --rate 2/s"),
    "requeue": (jobs, "retries requeue --all --yes", "retries", " --rate 2/s"),
    "requeue-in": (jobs, "dead requeue --all --in 1d --yes", "dead", " --rate 2/s"),
    "reschedule": (jobs, "scheduled reschedule --all --in 1d --yes", "", ""),
    "clear": (jobs, "dead clear --confirm dead", "dead", ""),
    "release": (jobs, "working release --all --yes", "working", ""),
    "release-wire": (jobs, f"working release --all --yes {WIRED}", "q:default", ""),
    "remove": (jobs, "queue remove default hooks --confirm 'default hooks'", "q:default", ""),
    "remove-wire": (jobs, f"queue remove hooks --confirm hooks {WIRED}", "q:hooks", ""),
    "adopt": (bare, "queue adopt '*' --yes --layout q", "default", ""),
    "delete": (records, "record delete --all --force --yes", "jobba:failed", " --rate 2/s"),
    "mark": (
        records,
        "record mark killed -w state=incomplete --yes",
        "jobba:killed",
        " --rate 2/s",
    ),
}
PLANS = {
    "kill": (jobs, "retries kill --type SendEmail"),
    "requeue": (jobs, "dead requeue --all --to slow --reset-retries"),
    "delete": (records, "record delete -w state=failed,killed --force"),
    "mark": (records, "record mark failed -w state=started"),
}


def made() -> dict[str, tuple[object, list[Step]]]:
    """Return the name of each fixture, and the story that leads to it."""
    stories: dict[str, tuple[object, list[Step]]] = {}
    for name, (seed, command, key, slowly) in OPERATIONS.items():
        stories[f"{name}-done"] = seed, [f"{command} -o json"]
        stories[f"{name}-undone"] = seed, [f"{command} -o json", "undo OP --yes -o json"]
        if key:
            stories[f"{name}-half"] = seed, [f"cut {key} {command}{slowly}"]
    for name, (seed, command) in PLANS.items():
        stories[f"{name}-plan"] = seed, [f"{command} --plan plan.jsonl -o json"]
    stories["pause-done"] = jobs, ["queue pause default imports --reason 'deploy 4711'"]
    return stories


def main(path: Path) -> None:
    """Make all of them."""
    raw = redis.Redis(unix_socket_path=str(path))
    for name, (seed, steps) in made().items():
        with tempfile.TemporaryDirectory() as folder:
            tmp = Path(folder)
            _environment(tmp)
            raw.flushdb()
            story = Story(raw, path, tmp)
            story.play(seed, steps)
            print(name, *story.data[:1], *story.talk)
            _write(name, raw, tmp, story)
    with tempfile.TemporaryDirectory() as folder:
        _hold(raw, path, Path(folder))


def _hold(raw: redis.Redis, path: Path, tmp: Path) -> None:
    """Leave the leases of a holder that is killed."""
    _environment(tmp)
    raw.flushdb()
    jobs(raw)
    os.environ["JOBCTL_URL"] = f"unix://{path}"
    process = run_process(["queue", "hold", "default", "hooks", "--", "sh", "-c", HELD])
    assert process.stdout is not None
    shell = int(process.stdout.readline())
    process.kill()
    process.wait()
    os.kill(shell, signal.SIGKILL)
    process.communicate()
    _write("hold-half", raw, tmp, None)


def _environment(tmp: Path) -> None:
    os.environ |= {"XDG_STATE_HOME": str(tmp / "state"), "XDG_CONFIG_HOME": str(tmp / "config"),
                   "LOGNAME": "nora", "USER": "nora"}  # fmt: skip
    os.chdir(tmp)


def _write(name: str, raw: redis.Redis, tmp: Path, story: Story | None) -> None:
    """Write a fixture, with the addresses of nobody's servers."""
    files = {}
    for file in sorted(tmp.rglob("*.jsonl")):
        text = file.read_text()
        for place, shown in (story.normal.places if story else {}).items():
            text = text.replace(place, {"<url>": URL, "<wire>": WIRE}.get(shown, place))
        files[str(file.relative_to(tmp))] = text.replace(str(tmp), "/old")
    text = dump(raw, files, story.normal.start if story else time.time()).replace(
        socket.gethostname(), "old-host"
    )
    (HERE / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
