"""How fast jobctl deletes status records, against the way of the gem that writes them.

    python benchmarks/deleting.py [--quick]

Starts a private server, fills it, prints a table, stops it; exits with 1 when a bound fails. The
bound is that of the issue that asked for records, against the gem's own way. jobctl writes each
record to the operation's file before it goes, and can put all of them back; the baselines keep
nothing:

- the gem's `delete_all!` of a query: a MULTI of copied sets, a HGETALL for each id, then one MULTI
  that holds every other client up,
- the same with a MULTI for each record, which is what a script over the gem's `delete!` comes to.

All are called in one process, in turn, each on records of its own. Ratios are the baseline's time
over jobctl's: the larger the better.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import records
import redis
from measuring import MIB, Runner, Table
from records import Clause
from running import clean_env, compile_all, ours, private_server

from jobctl import Store, connect
from jobctl.model.jobba import MOMENTS, RecordState
from jobctl.records.query import Query

DELETED = 10_000
PAIRS = 5
BOUND = 3
PEAK = 150 * MIB
SUCCEEDED = Clause(("jobba:succeeded",))
SLOW = 10_000  # microseconds


def gem_words(ident: str, found: dict[bytes, bytes]) -> Iterator[tuple[str, ...]]:
    """Yield the commands by which the gem deletes a record that it has loaded."""
    yield "DEL", f"jobba:id:{ident}"
    for state in RecordState:
        yield "SREM", f"jobba:{state}", ident
    for moment in MOMENTS:
        yield "ZREM", f"jobba:{moment}", ident
    if b"job_name" in found:
        yield "SREM", f"jobba:job_name:{json.loads(found[b'job_name'])}", ident
    for value in json.loads(found.get(b"job_args", b"{}")).values():
        yield "SREM", f"jobba:job_arg:{value}", ident
    if b"provider_job_id" in found:
        yield "SREM", f"jobba:provider_job_id:{json.loads(found[b'provider_job_id'])}", ident


def all_at_once(db: redis.Redis, idents: Sequence[str]) -> None:
    """Delete as `delete_all!` does."""
    loaded = [(ident, db.hgetall(f"jobba:id:{ident}")) for ident in idents]
    with db.pipeline(transaction=True) as pipe:
        for ident, found in loaded:
            for words in gem_words(ident, found):
                pipe.execute_command(*words)
        pipe.execute()


def one_by_one(db: redis.Redis, idents: Sequence[str]) -> None:
    """Delete as `delete!` of each does."""
    for ident in idents:
        found = db.hgetall(f"jobba:id:{ident}")
        with db.pipeline(transaction=True) as pipe:
            for words in gem_words(ident, found):
                pipe.execute_command(*words)
            pipe.execute()


def with_a_file(store: Store, *conditions: str) -> int:
    """Delete as jobctl does; return how many."""
    report = store.records.delete_all(Query.parse(*conditions))
    if report.done != report.matched or report.operation is None:
        raise SystemExit(f"deleted {report.done} of {report.matched}")
    return report.done


def deletions(table: Table, store: Store, db: redis.Redis, deleted: int, pairs: int) -> None:
    """Compare deletions of what succeeded, the first recorded first, so many records each."""
    gem = records.Gem(db)
    with_a_file(store, "state=failed", f"recorded_at<={_at(db, 20)}")  # what is imported once
    for what, baseline, bound in (
        ("the gem's delete_all!", all_at_once, BOUND), ("a MULTI each", one_by_one, None),
    ):  # fmt: skip
        ran, total, size = [], 0, size_of(db)
        for _ in range(pairs):
            those = list(db.smembers("jobba:succeeded"))
            scores = zip(db.zmscore("jobba:recorded_at", those), those, strict=True)
            ordered = sorted(int(score) for score, _ in scores)
            begun = time.perf_counter()
            total += with_a_file(store, "state=succeeded", f"recorded_at<={ordered[deleted - 1]}")
            middle = time.perf_counter()
            high = Clause(("jobba:recorded_at",), high=ordered[2 * deleted - 1])
            baseline(db, [raw.decode() for raw in gem.ids((SUCCEEDED, high))])
            ran.append((middle - begun, time.perf_counter() - middle))
        if total != deleted * pairs or size - size_of(db) != 2 * total:
            raise SystemExit(f"deleted {total}, {size - size_of(db)} are gone")
        ratio = median(theirs / mine for mine, theirs in ran)
        mine, theirs = (median(each) for each in zip(*ran, strict=True))
        table.faster(f"delete {deleted:,} of {size:,} / {what}", mine, theirs, ratio, bound)


def _at(db: redis.Redis, rank: int) -> int:
    ((_, score),) = db.zrange("jobba:recorded_at", rank, rank, withscores=True)
    return int(score)


def size_of(db: redis.Redis) -> int:
    return int(db.zcard("jobba:recorded_at"))


def whole(table: Table, runner: Runner, db: redis.Redis, url: str) -> None:
    """Everything at once, and back: time, memory, slow calls."""
    size = size_of(db)
    db.config_set("slowlog-log-slower-than", SLOW)
    db.config_set("slowlog-max-len", 10_000)
    db.slowlog_reset()
    db.config_resetstat()
    for what, program in (
        ("record delete --all", ours("record", "delete", "--all", "--force", "--yes", "-o", "ids")),
        ("its undo", None),
    ):
        if program is None:
            (newest, *_) = sorted(
                (Path(runner.env["XDG_STATE_HOME"]) / "jobctl" / "operations").glob("*.jsonl"),
                key=lambda file: -file.stat().st_mtime,
            )
            program = ours("undo", newest.stem, "--yes", "-o", "ids")
        ran = runner.run(program, url)
        table.single(f"{what}, {size:,}: {ran.seconds / size * 1e6:.0f} us a record", ran.seconds)
        table.memory(f"{what}, {size:,}", ran.peak, PEAK)
    if size_of(db) != size:
        table.failed.append("undo")
    # The log counts the time a call waits for a processor too: on a busy machine the mean judges.
    scripts = db.info("commandstats")["cmdstat_eval"]
    mean = scripts["usec_per_call"]
    table.nothing(
        "mean of the scripts over 10 ms", [f"{mean / 1000:.1f} ms"] if mean > SLOW else []
    )
    logged = db.execute_command("SLOWLOG", "GET", 10_000)
    over = sum(entry[5] == b"jobctl" for entry in logged)
    table.note(
        f"{scripts['calls']} scripts, {mean / 1000:.1f} ms in the mean; {over} calls over 10 ms"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer records, fewer runs")
    quick = parser.parse_args().quick
    compile_all()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="jobctl-bench-") as name:
        directory = Path(name)
        with private_server(directory) as socket, redis.Redis(unix_socket_path=str(socket)) as db:
            url = f"unix://{socket}"
            records.fill(db, 60_000 if quick else 400_000, time.time())
            # A child's peak is never below its parent's: first, while there is nothing in it.
            whole(table, Runner(clean_env() | {"XDG_STATE_HOME": name}), db, url)
            with connect(url, operations=directory / "operations") as store:
                deletions(table, store, db, 2000 if quick else DELETED, 3 if quick else PAIRS)
    if table.failed:
        print("over its bound:", "; ".join(table.failed))
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
