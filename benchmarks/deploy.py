"""What pausing a thousand queues costs, against pausing one, and against a bare pipe.

    python benchmarks/deploy.py [--pairs N]

Starts a private server and a test double of Faktory's on it, prints a table, stops them; exits with
1 when a bound fails. Round trips are counted in what `--debug` says: a turn from asking to hearing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import redis
from measuring import Compared, Runner, Table
from running import clean_env, compile_all, loop, ours, private_server

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.systems.double import FaktoryDouble

QUEUES = 1000
TRIPS = 5  # more for all queues than for one
TIMES = 2.0  # the process time of one, and of a bare pipe of the same commands
ALL, ONE = "*", "queue-0001"


def trips(runner: Runner, url: str, *argv: str) -> int:
    """Return how often a command waits for an answer."""
    done = subprocess.run(
        ours(*argv, "--debug", "-o", "ids").argv,
        env=runner.env | {"JOBCTL_URL": url}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    kinds = [line[:1] for line in done.stderr.splitlines()]
    return sum(b == "<" != a for a, b in pairwise(kinds))


def pausing(runner: Runner, table: Table, url: str, name: str, pairs: int) -> None:
    """Pause and resume all queues, against one."""
    for verb in ("pause", "resume"):
        more = trips(runner, url, "queue", verb, ALL) - trips(runner, url, "queue", verb, ONE)
        found: Compared = runner.compare(
            ours("queue", verb, ALL, "-o", "ids"), ours("queue", verb, ONE, "-o", "ids"), url, pairs
        )
        table.ratio(f"{verb} {QUEUES:,} queues against one, {name}", found, TIMES)
        table.nothing(
            f"more than {TRIPS} round trips more, {name}", [str(more)] if more > TRIPS else []
        )
        table.note(f"{more} round trips more")


def piped(runner: Runner, table: Table, socket: Path, pairs: int) -> None:
    """Pause all queues, against a script that sends the commands in one pipe."""
    found = runner.compare(
        ours("queue", "pause", ALL, "-o", "ids"), loop("pause"), f"unix://{socket}", pairs
    )
    table.ratio(f"pause {QUEUES:,} queues against one pipe", found, TIMES)


def by_redis(runner: Runner, table: Table, socket: Path, pairs: int) -> None:
    """By the set in Redis alone."""
    pausing(runner, table, f"unix://{socket}", "by Redis", pairs)


def by_wire(runner: Runner, table: Table, socket: Path, pairs: int) -> None:
    """By the server, and verified."""
    with FaktoryDouble(socket) as double:
        runner.env["FAKTORY_URL"] = double.url
        pausing(runner, table, f"unix://{socket}", "by wire", pairs)
        del runner.env["FAKTORY_URL"]


MEASURES: tuple[Callable[[Runner, Table, Path, int], None], ...] = (piped, by_redis, by_wire)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=15, help="how often each is run")
    asked = parser.parse_args()
    compile_all()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="jobctl-bench-") as name:
        runner = Runner(clean_env() | {"XDG_STATE_HOME": name})
        with (
            private_server(Path(name)) as socket,
            redis.Redis(unix_socket_path=str(socket)) as db,
        ):
            db.sadd("queues", *(f"queue-{i:04d}" for i in range(QUEUES)))
            for measure in MEASURES:
                measure(runner, table, socket, asked.pairs)
    return 1 if table.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
