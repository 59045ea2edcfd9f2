"""How fast jobctl finds and lists jobs, against what people would run instead.

    python benchmarks/look.py [--quick] [--only NAME]

Starts a private server, fills it, prints a table, stops it; exits with 1 when a bound fails. The
bounds are those of the issue that asked for `status` and the listings. Lines without a bound are
for information.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
import seeding
from measuring import MIB, Program, Runner, Table
from running import JOBCTL, clean_env, compile_all, loop, ours, private_server, python
from slow import Slow

HEAVY = {"redis", "rich", "croniter", "tomlkit", "orjson"}
PEAK = 100 * MIB
NOWHERE = "0123456789abcdef01234567"
LIKE_A_FLOAT = "36e650919665154466053363"  # what seeding makes by chance, as Faktory's clients do
FAST_PAIRS, MIDDLE_PAIRS, SLOW_PAIRS = 21, 9, 5


@dataclass(frozen=True, slots=True)
class Bench:
    """The runner, the table, the server, and how large everything is."""

    runner: Runner
    table: Table
    slow: Slow
    socket: Path
    directory: Path
    big: int
    many: int
    queues: int

    def url(self, db: int) -> str:
        """Return the URL of one of the server's databases; each measure fills its own."""
        return f"unix://{self.socket}?db={db}"

    @contextlib.contextmanager
    def emptied(self, db: int) -> Iterator[redis.Redis]:
        """Yield a client of a database that is emptied at the end."""
        with redis.Redis(unix_socket_path=str(self.socket), db=db) as client:
            client.flushdb()
            yield client
            self.slow.take(client)
            client.flushdb()


def start(bench: Bench) -> None:
    """The front door: nothing heavy, and quicker than importing redis."""
    imports_redis = python("import redis")
    env = bench.runner.env
    completing = {"_JOBCTL_COMPLETE": "bash_complete", "COMP_WORDS": "jobctl st", "COMP_CWORD": "1"}
    for what, program, extra in (
        ("--help", ours("--help"), {}),
        ("--version", ours("--version"), {}),
        ("completing a command", ours(), completing),
    ):
        runner = Runner(env | extra)
        found = runner.compare(program, imports_redis, bench.url(0), FAST_PAIRS)
        bench.table.ratio(f"{what} / import redis", found, 0.6)
        imported = runner.imported(program, bench.url(0))
        bench.table.nothing(f"{what}, heavy imports", sorted(imported & HEAVY))


def small(bench: Bench) -> None:
    """One job on small data: little more than connecting."""
    ping = f"import click, redis; redis.Redis(unix_socket_path={str(bench.socket)!r}).ping()"
    with bench.emptied(0) as db:
        queued = seeding.fill_queue(db, "default", 50)
        retried = seeding.fill_set(db, "retries", 50)
        for what, jid in (("a queue", queued[0]), ("retries", retried[0])):
            found = bench.runner.compare(
                ours("status", jid, "-o", "json"), python(ping), bench.url(0), FAST_PAIRS
            )
            bench.table.ratio(f"status JID -o json, 50 jobs, in {what} / ping", found, 1.25)
        found = bench.runner.compare(
            ours("status", queued[0], "-o", "table"), python(ping), bench.url(0), FAST_PAIRS
        )
        bench.table.ratio("status JID -o table, 50 jobs, in a queue / ping", found)


def queue(bench: Bench) -> None:
    """One job in one very long queue."""
    size = f"{bench.big:,} queued"
    with bench.emptied(1) as db:
        jids = seeding.fill_queue(db, "default", bench.big)
        _against(bench, f"status, runs next of {size}", jids[0], _list_loop(jids[0]), 1, 2.0)
        _against(bench, f"status, last of {size}", jids[-1], _list_loop(jids[-1]), 1, None)
        for what, program, theirs in (
            ("status, not there", ours("status", NOWHERE, code=4), _list_loop(NOWHERE)),
            ("status, JID like a float", ours("status", LIKE_A_FLOAT), _list_loop(LIKE_A_FLOAT)),
            (
                "queue jobs --type, none match",
                ours("queue", "jobs", "default", "--type", "NoSuch"),
                _list_loop(NOWHERE),
            ),
            (
                "queue jobs -o ids",
                ours("queue", "jobs", "default", "-o", "ids"),
                loop("ids", "q:default"),
            ),
        ):
            found = bench.runner.compare(program, theirs, bench.url(1), 3)
            bench.table.ratio(f"{what}, {size} / bare loop", found)
        bench.table.memory(f"queue jobs -o ids, {size}", found.peak)
    with bench.emptied(1) as db:
        kind = seeding.Kind(jid=seeding.sequential_jid)
        jid = seeding.fill_queue(db, "default", bench.big, kind)[0]
        what = f"status, runs next of {size}, job-0000.. JIDs"
        _against(bench, what, jid, _list_loop(jid), 1, None)


def _list_loop(jid: str) -> Program:
    return loop("lrange", "q:default", jid)


def retries(bench: Bench) -> None:
    """One job among many retries, and among very many."""
    with bench.emptied(2) as db:
        jid = seeding.fill_set(db, "retries", bench.many, seeding.Kind(failed=True))[500]
        found = bench.runner.compare(
            ours("status", jid), loop("zscan", "retries", jid), bench.url(2), FAST_PAIRS
        )
        bench.table.ratio(f"status, one of {bench.many:,} retries / bare loop", found, 1.2)
    for note, kind in (
        ("", seeding.Kind(failed=True)),
        (", job-0000.. JIDs", seeding.Kind(failed=True, jid=seeding.sequential_jid)),
        (", \\u003c in messages", seeding.Kind(failed=True, escaped=True)),
    ):
        with bench.emptied(2) as db:
            jid = seeding.fill_set(db, "retries", bench.big, kind)[500]
            what = f"status, one of {bench.big:,} retries{note}"
            bound = None if note else 2.0
            _against(bench, what, jid, loop("zscan", "retries", jid), 2, bound)


def _against(
    bench: Bench, what: str, jid: str, theirs: Program, db: int, bound: float | None
) -> None:
    asked = ours("status", jid, "-o", "json")
    found = bench.runner.compare(asked, theirs, bench.url(db), SLOW_PAIRS)
    bench.table.ratio(f"{what} / bare loop", found, bound)
    bench.table.memory(what, found.peak, None if bound is None else PEAK)


def many(bench: Bench) -> None:
    """A thousand JIDs in one pass, against one JID."""
    asked = bench.directory / "jids"
    for what, queued, retried in (
        ("queued", bench.many, 0),
        ("retries", 0, bench.many),
        ("queued and retries", bench.many // 2, bench.many // 2),
    ):
        with bench.emptied(3) as db:
            jids = seeding.fill_queue(db, "default", queued) if queued else []
            jids += seeding.fill_set(db, "retries", retried) if retried else []
            asked.write_text("".join(f"{jid}\n" for jid in jids[:: len(jids) // 1000]))
            found = bench.runner.compare(
                ours("status", "-", "-o", "json", stdin=asked),
                ours("status", jids[500], "-o", "json"),
                bench.url(3),
                MIDDLE_PAIRS,
            )
            bench.table.ratio(f"status of 1,000 JIDs / of one, {bench.many:,} {what}", found, 1.5)
            bench.table.memory(f"status of 1,000 JIDs, {bench.many:,} {what}", found.peak)


def lists(bench: Bench) -> None:
    """Listing and counting very many retries."""
    with bench.emptied(5) as few, bench.emptied(4) as db:
        seeding.fill_set(db, "retries", bench.big)
        seeding.fill_set(few, "retries", 1000)
        page = ours("retries", "ls", "--limit", "50", "-o", "tsv")
        found = bench.runner.compare(page, page, bench.url(4), FAST_PAIRS, theirs_url=bench.url(5))
        bench.table.ratio(f"retries ls --limit 50, of {bench.big:,} / of 1,000", found, 1.25)
        counts = ours("retries", "count", "--type", seeding.HALF)
        for what, program, theirs in (
            ("retries ls -o jsonl", ours("retries", "ls", "-o", "jsonl"), loop("jsonl", "retries")),
            ("retries count --type, half match", counts, loop("count", "retries", seeding.HALF)),
        ):
            found = bench.runner.compare(program, theirs, bench.url(4), 3)
            bench.table.ratio(f"{what}, {bench.big:,} / bare loop", found)
            bench.table.memory(f"{what}, {bench.big:,}", found.peak)
        first = ours("retries", "ls", "--sort", "jobtype", "--limit", "10", "-o", "ids")
        ran = bench.runner.run(first, bench.url(4))
        bench.table.single(f"retries ls --sort jobtype --limit 10, of {bench.big:,}", ran.seconds)
        bench.table.memory(f"retries ls --sort jobtype --limit 10, of {bench.big:,}", ran.peak)
        piped = f"{shlex.quote(JOBCTL)} retries ls --type {seeding.HALF} -o ids | wc -l"
        ran = bench.runner.run(Program(("sh", "-c", piped)), bench.url(4))
        bench.table.single(f"retries ls --type -o ids | wc -l, half of {bench.big:,}", ran.seconds)
        bench.table.memory(f"retries ls --type -o ids, half of {bench.big:,}", ran.peak)


def queues(bench: Bench) -> None:
    """Very many queues of one job each."""
    ping = f"import click, redis; redis.Redis(unix_socket_path={str(bench.socket)!r}).ping()"
    with bench.emptied(6) as db:
        for i in range(bench.queues):
            jids = seeding.fill_queue(db, f"queue-{i}", 1, seed=i)
        for what, words in (
            ("status JID -o json", ("status", jids[0], "-o", "json")),
            ("queue ls -o tsv", ("queue", "ls", "-o", "tsv")),
            ("queue ls -o table", ("queue", "ls", "-o", "table")),
        ):
            found = bench.runner.compare(ours(*words), python(ping), bench.url(6), MIDDLE_PAIRS)
            bench.table.ratio(f"{what}, {bench.queues:,} queues of one job / ping", found)


MEASURES: dict[str, Callable[[Bench], None]] = {
    measure.__name__: measure for measure in (start, small, queue, retries, many, lists, queues)
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the jobs")
    parser.add_argument("--only", choices=MEASURES, metavar="NAME", help=", ".join(MEASURES))
    asked = parser.parse_args()
    part = 10 if asked.quick else 1
    compile_all()
    with tempfile.TemporaryDirectory(prefix="jobctl-bench-") as name:
        directory = Path(name)
        env = clean_env() | {"XDG_STATE_HOME": name}
        with private_server(directory) as socket, redis.Redis(unix_socket_path=str(socket)) as db:
            sizes = (1_000_000 // part, 200_000 // part, 1000 // part)
            slow = Slow()
            slow.watch(db)
            bench = Bench(Runner(env), Table(), slow, socket, directory, *sizes)
            for measure in [asked.only] if asked.only else MEASURES:
                MEASURES[measure](bench)
            slow.report(bench.table)
    if bench.table.failed:
        print("over its bound:", "; ".join(bench.table.failed))
    return 1 if bench.table.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
