"""How fast schedules are read and searched, against bare croniter.

    python benchmarks/cron.py [--quick] [--only NAME]

Prints a table; exits with 1 when a bound fails. The bounds are those of the issue that asked for
cron. A thousand schedules are drawn, from a seed, out of what people write: most of them fire every
few minutes, hourly or daily, fewer weekly, monthly, or once a year. All have five fields, or are
@daily and its kind, so that both read them alike; in UTC both must come to the same firings. Each
schedule is parsed and asked for its next firing 100 times, each time for the one after the last, in
one process; first all by jobctl, then all by croniter, in turn. The first answers are taken in a
process of their own each, where nothing has been asked before: they count from the parse on.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from zoneinfo import ZoneInfo

from croniter import croniter
from measuring import Compared, Runner, Table
from running import clean_env, compile_all, ours, python

from jobctl import Schedule
from jobctl.cron.clock import Clock

FIRINGS = 100
PAIRS = 3
BOUND = 0.1  # of croniter's time
MOST = 0.010  # seconds for a first answer
ANSWERS = 7
PROCESSES = 15
BARE = """
import click, datetime
from croniter import croniter
line = croniter("0 9 * * *", datetime.datetime.now(datetime.UTC), ret_type=datetime.datetime)
for _ in range(5): click.echo(line.get_next().isoformat())
"""
ZONES = ("UTC", "America/New_York")
# 2096-03-01 is the worst start: the next 29th of February but one is too far for the server.
FEBRUARIES = ("2024-03-01", "2096-03-01", "2099-01-02")
NEVER = ("0 0 30 2 *", "0 0 31 2,4,6,9,11 *", ", * * * *")
BY_WEEKDAY = "0 0 31 4 MON"  # never on a 31st of April, but either day suffices


@dataclass(frozen=True, slots=True)
class Drawn:
    """A schedule, and the instant to search from."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Bench:
    """The table, and the schedules."""

    table: Table
    drawn: list[Drawn]


Find = Callable[[list[Drawn], str], list[list[int]]]


def draw(count: int) -> list[Drawn]:
    """Draw so many schedules of what people write, each with a start in 2026."""
    random = Random(6)
    number = random.randint
    forms: dict[Callable[[], str], int] = {
        lambda: f"*/{random.choice((1, 2, 5, 10, 15, 20, 30))} * * * *": 25,
        lambda: f"{number(0, 59)} * * * *": 15,
        lambda: f"{number(0, 59)} {number(0, 23)} * * *": 20,
        lambda: f"*/{random.choice((5, 10, 15, 30))} {number(6, 9)}-{number(16, 20)} * * 1-5": 8,
        lambda: f"{number(0, 59)} {number(0, 23)} * * {random.choice('0123456')}": 12,
        lambda: f"{number(0, 59)} {number(0, 23)} * * MON-FRI": 5,
        lambda: f"{number(0, 59)} 8,12,18 * * *": 4,
        lambda: f"{number(0, 59)} {number(0, 23)} {random.choice((1, 1, 15, 28))} * *": 5,
        lambda: f"0 {number(0, 6)} 1 1,4,7,10 *": 2,
        lambda: f"0 {number(0, 23)} {number(1, 28)} {number(1, 12)} *": 1,
        lambda: random.choice(("@hourly", "@daily", "@weekly", "@monthly")): 3,
    }
    first = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    chosen = random.choices(list(forms), list(forms.values()), k=count)
    return [Drawn(form(), first + number(0, 365 * 86400)) for form in chosen]


def by_jobctl(drawn: list[Drawn], zone: str) -> list[list[int]]:
    clock = Clock(ZoneInfo(zone))  # one that knows no changes yet
    return [
        list(islice(Schedule.parse(each.text).seconds(each.start, clock), FIRINGS))
        for each in drawn
    ]


def by_croniter(drawn: list[Drawn], zone: str) -> list[list[int]]:
    found = []
    for each in drawn:
        start = datetime.fromtimestamp(each.start, ZoneInfo(zone))
        line = croniter(each.text, start, ret_type=float)
        found.append([int(line.get_next()) for _ in range(FIRINGS)])
    return found


def firings(bench: Bench) -> None:
    """Very many firings of what people write."""
    drawn = bench.drawn
    for zone in ZONES:
        ran = [
            (_seconds(by_jobctl, drawn, zone), _seconds(by_croniter, drawn, zone))
            for _ in range(PAIRS)
        ]
        mine, baseline = (median(each) for each in zip(*ran, strict=True))
        ratio = median(a / b for a, b in ran)
        what = f"{len(drawn):,} schedules x {FIRINGS} firings, {zone}"
        found = Compared(mine, baseline, ratio, 0)
        bench.table.ratio(f"{what} / bare croniter", found, BOUND)
    # Elsewhere croniter moves what falls into a gap.
    both = zip(drawn, by_jobctl(drawn, "UTC"), by_croniter(drawn, "UTC"), strict=True)
    differ = [each.text for each, our, their in both if our != their]
    bench.table.nothing("firings in UTC that croniter finds otherwise", differ)


def _seconds(find: Find, drawn: list[Drawn], zone: str) -> float:
    gc.collect()
    begun = time.perf_counter()
    find(drawn, zone)
    return time.perf_counter() - begun


def answers(bench: Bench) -> None:
    """The first answer of what fires every four years, and of what never does."""
    asked = [("0 0 29 2 *", start) for start in FEBRUARIES]
    asked += [(text, "2026-01-01") for text in (*NEVER, BY_WEEKDAY)]
    for text, start in asked:
        for zone in ZONES:
            ran = [_asked(text, start, zone) for _ in range(ANSWERS)]
            seconds = median(seconds for seconds, _ in ran)
            what = f"'{text}', {start}, {zone}"
            bench.table.single(f"{what}: {ran[0][1]}", seconds)
            over = [f"{seconds * 1e3:.1f} ms"] if seconds > MOST else []
            bench.table.nothing(f"{what}, over {MOST * 1e3:.0f} ms", over)


def processes(bench: Bench) -> None:
    """A whole process, from its start to its end."""
    runner = Runner(clean_env())
    found = runner.compare(
        ours("cron", "next", "0 9 * * *", "--tz", "UTC"), python(BARE), "", PROCESSES
    )
    bench.table.ratio("cron next '0 9 * * *' / click and bare croniter", found)


def _asked(text: str, start: str, zone: str) -> tuple[float, str]:
    done = subprocess.run(
        [sys.executable, __file__, "--answer", text, start, zone],
        env=clean_env() | {"PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        check=True,
        text=True,
    )
    seconds, _, said = done.stdout.strip().partition(" ")
    return float(seconds), said


def answer(text: str, start: str, zone: str) -> None:
    """Print how long the first answer took, and the answer."""
    after = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    begun = time.perf_counter()
    found = Schedule.parse(text).next(after)
    print(time.perf_counter() - begun, "never" if found is None else found.date())


MEASURES: dict[str, Callable[[Bench], None]] = {
    measure.__name__: measure for measure in (firings, answers, processes)
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the schedules")
    parser.add_argument("--only", choices=MEASURES, metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--answer", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.answer:
        answer(*asked.answer)
        return 0
    compile_all()
    bench = Bench(Table(), draw(100 if asked.quick else 1000))
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
