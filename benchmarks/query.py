"""How fast jobctl answers queries on status records, against the way of the gem that writes them.

    python benchmarks/query.py [--quick] [--only NAME]

Starts a private server, fills it, prints a table, stops it; exits with 1 when a bound fails. The
bounds are those of the issue that asked for queries. The baseline (records.py) does what the gem
does: it copies each clause into a temporary set inside a MULTI, and loads one hash per id. Both are
called in one process, in turn, so that what is compared is the query and not the start of Python.
Ratios are the baseline's time over jobctl's: the larger the better.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import records
import redis
from measuring import MIB, Runner, Table
from records import Clause, Gem
from running import clean_env, compile_all, ours, private_server, python, script
from slow import Slow

from jobctl import connect
from jobctl.library_records import Records
from jobctl.model.jobba import RecordState

PAIRS = 7
SIZES = (200_000, 1_000_000)
PEAK = 120 * MIB
PER_RECORD = 3  # microseconds
FAILED = Clause(("jobba:failed",))
EMAILS = Clause(("jobba:job_name:SendEmail",))
LONELY = Clause((f"jobba:job_name:{records.LONELY}",))
RARE = Clause((f"jobba:job_name:{records.RARE}",))
EMAIL = "job_name=SendEmail"
Ask = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Bench:
    """What is asked, what it is compared with, and how many records there are."""

    runner: Runner
    table: Table
    url: str
    ours: Records
    gem: Gem
    size: int
    ids: list[str]
    pairs: int

    def compare(self, what: str, ask: Ask, baseline: Ask, bound: float | None) -> None:
        """Ask both in turn; the median of the baseline's time over ours must reach the bound."""
        ran = [(_seconds(ask), _seconds(baseline)) for _ in range(self.pairs)]
        ratio = median(theirs / mine for mine, theirs in ran)
        mine, theirs = (median(each) for each in zip(*ran, strict=True))
        self.table.faster(f"{what}, {self.size:,}", mine, theirs, ratio, bound)

    def by(self, small: float, large: float) -> float | None:
        """Return the bound of this size; none where there are fewer records than it is for."""
        return large if self.size >= 1_000_000 else small if self.size >= 200_000 else None


def _seconds(ask: Ask) -> float:
    gc.collect()
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


def pages(bench: Bench) -> None:
    """The first page, newest first, and by id."""
    gem, find = bench.gem, bench.ours.where
    for what, conditions, clauses, bounds in (
        ("state and name", ("state=failed", EMAIL), (FAILED, EMAILS), (12, 60)),
        ("state=failed", ("state=failed",), (FAILED,), (15, 100)),
    ):
        bench.compare(
            f"20 newest of {what}", lambda c=conditions: list(find(*c, limit=20)),
            lambda c=clauses: gem.newest(c, 20), bench.by(*bounds),
        )  # fmt: skip
        bench.compare(
            f"20 by id of {what}", lambda c=conditions: list(find(*c, limit=20, sort="id")),
            lambda c=clauses: gem.page(c, 20), bench.by(1, 1),
        )  # fmt: skip


def counts(bench: Bench) -> None:
    """Counting a state within a span of time."""
    low = records.micro(2)
    clauses = (FAILED, Clause(("jobba:recorded_at",), low=low))
    conditions = ("state=failed", "recorded_at>=-2d")
    for what, index, bounds in (
        ("count of state and 2 days, in the index", True, (5, 8)),
        ("the same, of records", False, (3.5, 5)),
    ):
        bench.compare(
            what, lambda i=index: bench.ours.count(*conditions, index=i),
            lambda: bench.gem.count(clauses), bench.by(*bounds),
        )  # fmt: skip


def counting(bench: Bench) -> None:
    """Whole processes: records that are counted, and index entries as the gem counts them."""
    start = _fastest(bench, "-w", "id=none")
    for what, asked in (("all", ()), ("state=succeeded", ("-w", "state=succeeded"))):
        many = bench.ours.count(*asked[1:])
        beside = _fastest(bench, *asked) - start
        bound = PER_RECORD if bench.size >= 200_000 else None
        bench.table.each(f"query --count of {what}, each of {many:,}", beside, many, bound)
    done, named = "jobba:succeeded,jobba:failed", "jobba:job_name:SendEmail"
    for what, asked, words in (
        ("state=failed", ("-w", "state=failed"), ("jobba:failed",)),
        ("state=completed", ("-w", "state=completed"), (done,)),
        ("all", (), (",".join(f"jobba:{state}" for state in RecordState),)),
        ("state and name", ("-w", "state=failed", "-w", EMAIL), ("jobba:failed", named)),
        ("states and name", ("-w", "state=completed", "-w", EMAIL), (done, named)),
    ):
        ran = bench.runner.compare(
            ours("query", "--count", "--index", *asked), script("records.py", *words),
            bench.url, PAIRS,
        )  # fmt: skip
        bench.table.ratio(f"query --count --index of {what} / the gem's commands", ran, 1.5)


def _fastest(bench: Bench, *asked: str) -> float:
    return min(
        bench.runner.run(ours("query", "--count", *asked), bench.url).seconds for _ in range(PAIRS)
    )


def odd(bench: Bench) -> None:
    """What is bad for one plan or the other."""
    gem, find = bench.gem, bench.ours.where
    lonely = f"job_name={records.LONELY}"
    bench.compare(
        "20 of two clauses that nothing meets",
        lambda: list(find("state=failed", lonely, limit=20)),
        lambda: gem.page((FAILED, LONELY), 20), bench.by(1, 2.5),
    )  # fmt: skip
    rare = f"job_name={records.RARE}"
    for what, conditions, clauses in (
        ("a name with 20 records", (rare,), (RARE,)),
        ("the same and a state", (rare, "state=succeeded"), (RARE, Clause(("jobba:succeeded",)))),
    ):
        bench.compare(
            what, lambda c=conditions: list(find(*c, limit=20)),
            lambda c=clauses: gem.newest(c, 20), None,
        )  # fmt: skip
        best = min(_seconds(lambda c=conditions: list(find(*c, limit=20))) for _ in range(20))
        bench.table.nothing(f"{what}, over 2 ms", [] if best < 0.002 else [f"{best * 1e3:.1f} ms"])
    user = Clause(("jobba:job_arg:u-7",))
    bench.compare(
        "20 newest of a state and an argument", lambda: list(find("state=succeeded", "job_arg=u-7",
        limit=20)), lambda: gem.newest((Clause(("jobba:succeeded",)), user), 20), bench.by(1, 1),
    )  # fmt: skip
    recent = Clause(("jobba:failed_at",), low=records.micro(2))
    old = Clause(("jobba:recorded_at",), high=records.micro(records.DAYS - 1))
    bench.compare(
        "20 newest of a state, the oldest day",
        lambda: list(find("state=failed", f"recorded_at<=-{records.DAYS - 1}d", limit=20)),
        lambda: gem.newest((FAILED, old), 20), bench.by(1, 1),
    )  # fmt: skip
    bench.compare(
        "20 oldest of name, state and time",
        lambda: list(find("state=failed", EMAIL, "failed_at>=-2d", limit=20, reverse=True)),
        lambda: gem.newest((FAILED, EMAILS, recent), 20),
        bench.by(1, 1),
    )  # fmt: skip


def loading(bench: Bench) -> None:
    """Ten thousand records, decoded on both sides."""
    some = Clause(("jobba:recorded_at",), low=records.micro(records.DAYS * 20_000 / bench.size))
    ids = bench.gem.ids((some,))[:10_000]
    names = [ident.decode() for ident in ids]
    clause = f"recorded_at>=-{records.DAYS * 20_000 / bench.size * 86400:.0f}s"

    bench.compare(
        f"{len(ids):,} loaded by their ids", lambda: list(bench.ours.load(names)),
        lambda: bench.gem.load(ids), 1.25,
    )  # fmt: skip
    bench.compare(
        f"{len(ids):,} found and loaded", lambda: list(bench.ours.where(clause, limit=len(ids))),
        lambda: bench.gem.load(bench.gem.ids((some,), limit=len(ids))), 1.25,
    )  # fmt: skip


def processes(bench: Bench) -> None:
    """Whole processes: one record, and all of them in a stream."""
    bare = python("import click, redis")
    one = ours("query", "-w", f"id={bench.ids[3]}", "-o", "json")
    found = bench.runner.compare(one, bare, bench.url, PAIRS * 3)
    bench.table.ratio("query -w id=ID -o json / import click, redis", found, 1.25)
    ran = bench.runner.run(ours("query", "-o", "jsonl"), bench.url)
    bench.table.single(f"query -o jsonl of {bench.size:,}", ran.seconds)
    bench.table.memory(f"query -o jsonl of {bench.size:,}", ran.peak, PEAK)
    ran = bench.runner.run(
        ours("query", "-w", "state=failed", "--sort", "id", "--limit", "20"), bench.url
    )
    bench.table.memory(
        f"query -w state=failed --sort id --limit 20 of {bench.size:,}", ran.peak, PEAK
    )


MEASURES: dict[str, Callable[[Bench], None]] = {
    measure.__name__: measure for measure in (processes, pages, counts, counting, odd, loading)
}


@contextmanager
def filled(directory: Path, size: int) -> Iterator[tuple[redis.Redis, str, list[str]]]:
    """Yield a client, the URL and some ids of a server with so many records."""
    with private_server(directory) as socket, redis.Redis(unix_socket_path=str(socket)) as db:
        db.config_set("save", "")
        begun = time.perf_counter()
        ids = records.fill(db, size, time.time())
        print(f"    {size:,} records written in {time.perf_counter() - begun:.0f} s", flush=True)
        yield db, f"unix://{socket}", ids


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="50,000 records, no bounds of size")
    parser.add_argument("--size", type=int, help="so many records only")
    parser.add_argument("--only", choices=MEASURES, metavar="NAME", help=", ".join(MEASURES))
    asked = parser.parse_args()
    size = 50_000 if asked.quick else asked.size
    if size is None:  # each in a process of its own: one that held much makes its children look big
        again = [sys.executable, __file__, *sys.argv[1:], "--size"]
        codes = [subprocess.run([*again, str(n)], check=False).returncode for n in SIZES]
        return max(codes)
    compile_all()
    return measure_all(size, [asked.only] if asked.only else list(MEASURES))


def measure_all(size: int, names: list[str]) -> int:
    """Fill a server and measure; return the exit code."""
    table, slow = Table(), Slow()
    with tempfile.TemporaryDirectory(prefix="jobctl-bench-") as name:
        runner = Runner(clean_env() | {"XDG_STATE_HOME": name})
        with filled(Path(name), size) as (db, url, ids), connect(url) as store:
            slow.watch(db)
            bench = Bench(runner, table, url, store.records, Gem(db), size, ids, PAIRS)
            for each in names:
                MEASURES[each](bench)
            slow.take(db)
    slow.report(table)
    if table.failed:
        print("short of its bound:", "; ".join(table.failed))
    return 1 if table.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
