"""How fast jobctl changes jobs, against the least that such a change can cost.

    python benchmarks/repair.py [--quick] [--only NAME]

Starts a private server, fills it anew before each run, prints a table, stops it; exits with 1 when
a bound fails. The bounds are those of the issue that asked for the verbs. The floor (baselines.py)
scans with a MATCH, sorts by score, and moves in scripted batches: no decoding, no file, no check.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import redis
import seeding
from measuring import MIB, Compared, Program, Runner, Table
from running import clean_env, compile_all, loop, ours, private_server

PAIRS = 5
PEAK = 150 * MIB
SLOW = 10_000  # microseconds
TYPE = ("--type", seeding.HALF)
LAYOUT = ("--layout", "q")


@dataclass(frozen=True, slots=True)
class Bench:
    """The runner, the table, the server, and how large everything is."""

    runner: Runner
    table: Table
    db: redis.Redis
    url: str
    directory: Path
    size: int
    big: int
    pairs: int

    def fill(self, size: int) -> list[str]:
        """Begin anew with so many retries; return some JIDs."""
        shutil.rmtree(self.directory / "jobctl", ignore_errors=True)
        self.db.flushall()
        return seeding.fill_set(self.db, "retries", size)

    def compare(self, program: Program, theirs: Program, size: int | None = None) -> Compared:
        """Run two programs in turn, each on fresh data."""
        ran = []
        for _ in range(self.pairs):
            pair = []
            for each in (program, theirs):
                self.fill(size or self.size)
                pair.append(self.runner.run(each, self.url))
            ran.append(tuple(pair))
        return Compared(
            median(a.seconds for a, _ in ran),
            median(b.seconds for _, b in ran),
            median(a.seconds / b.seconds for a, b in ran),
            max(a.peak for a, _ in ran),
        )


def kill() -> Program:
    return ours("retries", "kill", *TYPE, "--yes", "-o", "ids")


def verbs(bench: Bench) -> None:
    """Each verb end to end against its floor."""
    for verb, bound, extra in (
        ("kill", 1.35, ()), ("discard", 1.35, ()), ("requeue", 1.5, LAYOUT),
        ("kill", 1.2, ("--no-undo",)), ("discard", 1.2, ("--no-undo",)),
    ):  # fmt: skip
        program = ours("retries", verb, *TYPE, "--yes", "-o", "ids", *extra)
        found = bench.compare(program, loop("floor", verb, "retries", seeding.HALF))
        what = f"{verb} {' '.join(extra)}".strip()
        bench.table.ratio(f"{what}, half of {bench.size:,} / floor", found, bound)
        bench.table.memory(what, found.peak)


def naive(bench: Bench) -> None:
    """Against one ZREM and one ZADD a job."""
    size = bench.size // 4
    found = bench.compare(kill(), loop("each", "retries", seeding.HALF), size)
    bench.table.ratio(f"kill, half of {size:,} / a ZREM and a ZADD each", found, 0.2)


def few(bench: Bench) -> None:
    """One JID against the bare loop, a hundred against one, a dry run against the bare scan."""
    jids = bench.fill(bench.size // 2)
    alone = ours("retries", "kill", "--jid", jids[50], "--yes")
    found = bench.compare(alone, loop("zscan", "retries", jids[50]), bench.size // 2)
    bench.table.ratio(f"kill of one JID of {bench.size // 2:,} / bare loop", found, 1.3)
    asked = bench.directory / "jids"
    jids = bench.fill(bench.size)[::10]
    asked.write_text("".join(f"{jid}\n" for jid in jids))
    many = ours("retries", "kill", "--jid", "-", "--yes", "-o", "ids", stdin=asked)
    one = ours("retries", "kill", "--jid", jids[50], "--yes", "-o", "ids")
    found = bench.compare(many, one)
    bench.table.ratio(f"kill of {len(jids)} JIDs / of one, of {bench.size:,}", found, 1.2)
    rehearsal = ours("retries", "kill", *TYPE, "--dry-run", "-o", "json")
    found = bench.compare(rehearsal, loop("scan", "retries", seeding.HALF))
    bench.table.ratio(f"dry run, half of {bench.size:,} / bare scan", found, 1.35)


def large(bench: Bench) -> None:
    """Everything matched: memory, slow calls, and whether the cost is linear."""
    for verb, extra in (("kill", ()), ("requeue", LAYOUT), ("discard", ())):
        bench.fill(bench.big)
        slow = _watched(bench.db)
        program = ours("retries", verb, "--all", "--yes", "-o", "ids", *extra)
        ran = bench.runner.run(program, bench.url)
        bench.table.single(f"{verb} --all of {bench.big:,}", ran.seconds)
        bench.table.memory(f"{verb} --all of {bench.big:,}", ran.peak, PEAK)
        _judge(bench.table, f"{verb} --all of {bench.big:,}", slow())
    for verb, extra in (("kill", ()), ("requeue", LAYOUT)):
        sizes = [s for s in (10_000, 30_000, 100_000, 300_000, 1_000_000) if s <= bench.big]
        for size in sizes:
            bench.fill(size)
            program = ours("retries", verb, "--all", "--yes", "-o", "ids", *extra)
            seconds = bench.runner.run(program, bench.url).seconds
            each = f"{seconds / size * 1e6:.1f} us a job"
            bench.table.single(f"{verb} --all of {size:,}: {each}", seconds)


def undo(bench: Bench) -> None:
    """Undo of a kill against the kill; undo of a requeue after half of the jobs ran."""
    size = bench.size
    ratios = []
    for _ in range(bench.pairs):
        bench.fill(size)
        forth = bench.runner.run(kill(), bench.url)
        back = bench.runner.run(ours("undo", _operation(bench), "--yes"), bench.url)
        ratios.append((back, forth))
    found = Compared(
        median(a.seconds for a, _ in ratios),
        median(b.seconds for _, b in ratios),
        median(a.seconds / b.seconds for a, b in ratios),
        max(a.peak for a, _ in ratios),
    )
    bench.table.ratio(f"undo of a kill of {size // 2:,} / the kill", found, 0.9)
    for jobs in (size // 8, size // 4, size // 2):
        bench.fill(jobs * 2)
        verb = ours("retries", "requeue", *TYPE, "--yes", "-o", "ids", *LAYOUT)
        bench.runner.run(verb, bench.url)
        bench.db.rpop("q:default", jobs // 2)
        for start in range(0, 10_000, 1000):
            batch = range(start, start + 1000)
            bench.db.lpush("q:default", *(b'{"jid":"new-%08d"}' % i for i in batch))
        slow = _watched(bench.db)
        ran = bench.runner.run(ours("undo", _operation(bench), "--yes"), bench.url)
        what = f"undo of a requeue of {jobs:,}, half run, 10,000 came"
        bench.table.single(what, ran.seconds)
        bench.table.memory(what, ran.peak)
        _judge(bench.table, what, slow())


def _operation(bench: Bench) -> str:
    (file,) = (bench.directory / "jobctl" / "operations").glob("*.jsonl")
    return file.stem


def _watched(db: redis.Redis) -> Callable[[], list[int]]:
    """Begin to log slow calls; the function returned tells how long jobctl's took."""
    db.config_set("slowlog-log-slower-than", SLOW // 2)
    db.config_set("slowlog-max-len", 100_000)
    db.slowlog_reset()

    def took() -> list[int]:
        logged = db.execute_command("SLOWLOG", "GET", 100_000)
        db.config_set("slowlog-log-slower-than", -1)
        return [entry[2] for entry in logged if entry[5] == b"jobctl"]

    return took


def _judge(table: Table, what: str, took: list[int]) -> None:
    """Report calls over the limit; on a shared machine single ones wait for a processor."""
    over = [t for t in took if t > SLOW]
    table.nothing(f"{what}, calls over 10 ms", [f"{len(over)}"] if len(over) > 3 else [])
    if took:
        table.note(f"{len(took)} calls over 5 ms, slowest {max(took) / 1000:.1f} ms")


MEASURES: dict[str, Callable[[Bench], None]] = {
    measure.__name__: measure for measure in (verbs, naive, few, large, undo)
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the jobs, fewer runs")
    parser.add_argument("--only", choices=MEASURES, metavar="NAME", help=", ".join(MEASURES))
    asked = parser.parse_args()
    part = 10 if asked.quick else 1
    compile_all()
    with tempfile.TemporaryDirectory(prefix="jobctl-bench-") as name:
        directory = Path(name)
        runner = Runner(clean_env() | {"XDG_STATE_HOME": name})
        with private_server(directory) as socket, redis.Redis(unix_socket_path=str(socket)) as db:
            bench = Bench(
                runner, Table(), db, f"unix://{socket}", directory,
                400_000 // part, 1_000_000 // part, 3 if asked.quick else PAIRS,
            )  # fmt: skip
            for measure in [asked.only] if asked.only else MEASURES:
                MEASURES[measure](bench)
    if bench.table.failed:
        print("over its bound:", "; ".join(bench.table.failed))
    return 1 if bench.table.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
