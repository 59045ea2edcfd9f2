"""Time whole processes in turn, A B A B .., and judge the medians of their ratios.

A single time says little on a busy machine; the ratio of two processes that ran one after the
other says more, and the median of several such ratios survives a hiccup.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Program:
    """A process to run: its argv, what is on its stdin, and the code it must exit with."""

    argv: tuple[str, ...]
    stdin: Path | None = None
    code: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took: seconds of wall clock, and bytes of memory at its peak."""

    seconds: float
    peak: int


@dataclass(frozen=True, slots=True)
class Compared:
    """Two programs that ran in turn: median seconds of each, median ratio, the first's peak."""

    seconds: float
    baseline: float
    ratio: float
    peak: int


class Runner:
    """Runs programs in a clean environment.

    The peak of a child is never below the peak of its parent at the fork (Linux keeps it over
    exec), so the parent must stay small: whoever uses this holds no data.
    """

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env

    def run(self, program: Program, url: str) -> Run:
        """Run a program to its end with JOBCTL_URL set; its output is thrown away."""
        with (
            Path(program.stdin or os.devnull).open("rb") as stdin,
            Path(os.devnull).open("wb") as nowhere,
        ):
            begun = time.perf_counter()
            child = subprocess.Popen(
                program.argv,
                stdin=stdin,
                stdout=nowhere,
                stderr=nowhere if program.code else None,
                env=self.env | {"JOBCTL_URL": url},
            )
            try:
                _, status, usage = os.wait4(child.pid, 0)
            except BaseException:
                child.kill()
                child.wait()
                raise
            seconds = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != program.code:
            raise SystemExit(f"exit {child.returncode}: {' '.join(program.argv)}")
        unit = 1 if sys.platform == "darwin" else 1024
        return Run(seconds, usage.ru_maxrss * unit)

    def compare(
        self, ours: Program, theirs: Program, url: str, pairs: int, *, theirs_url: str | None = None
    ) -> Compared:
        """Run two programs in turn, so many times each."""
        ran = [
            (self.run(ours, url), self.run(theirs, theirs_url or url)) for _ in range(pairs)
        ]  # ours, theirs, ours, theirs ..
        return Compared(
            median(a.seconds for a, _ in ran),
            median(b.seconds for _, b in ran),
            median(a.seconds / b.seconds for a, b in ran),
            max(a.peak for a, _ in ran),
        )

    def imported(self, program: Program, url: str) -> set[str]:
        """Return the top-level modules that a Python program imports."""
        done = subprocess.run(
            [sys.executable, "-X", "importtime", *program.argv],
            env=self.env | {"JOBCTL_URL": url},
            capture_output=True,
            check=True,
            text=True,
        )
        lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
        return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@dataclass(slots=True)
class Table:
    """The results, printed line by line as they come."""

    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._line("what", "jobctl", "baseline", "ratio", "bound", "ok")

    def ratio(self, what: str, found: Compared, bound: float | None = None) -> None:
        """Add a ratio of times; without a bound it is for information."""
        ok = None if bound is None else found.ratio <= bound
        times = [_seconds(found.seconds), _seconds(found.baseline), f"{found.ratio:.2f}"]
        self._judged(what, ok, *times, "" if bound is None else f"{bound:.2f}")

    def faster(
        self, what: str, seconds: float, baseline: float, ratio: float, bound: float | None = None
    ) -> None:
        """Add how many times faster than the baseline it is: at least the bound."""
        ok = None if bound is None else ratio >= bound
        times = [_seconds(seconds), _seconds(baseline), f"{ratio:.1f}x"]
        self._judged(what, ok, *times, "" if bound is None else f">={bound:g}x")

    def memory(self, what: str, peak: int, bound: int | None = None) -> None:
        """Add a peak of memory, in bytes."""
        ok = None if bound is None else peak < bound
        shown = "" if bound is None else f"{bound / MIB:.0f} MiB"
        self._judged(f"{what}, peak memory", ok, f"{peak / MIB:.0f} MiB", "", "", shown)

    def nothing(self, what: str, found: Sequence[str]) -> None:
        """Add a list that must be empty."""
        self._judged(what, not found, " ".join(found) or "none", "", "", "none")

    def each(self, what: str, seconds: float, many: int, bound: float | None = None) -> None:
        """Add the microseconds that each of many takes."""
        micro = seconds / many * 1e6
        ok = None if bound is None else micro <= bound
        shown = "" if bound is None else f"{bound:g} us"
        self._judged(what, ok, f"{micro:.2f} us", "", "", shown)

    def single(self, what: str, seconds: float) -> None:
        """Add a time without a baseline."""
        self._judged(what, None, _seconds(seconds), "", "", "")

    def note(self, text: str) -> None:
        """Add a remark."""
        print(f"    {text}", flush=True)

    def _judged(self, what: str, ok: bool | None, *cells: str) -> None:
        if ok is False:
            self.failed.append(what)
        self._line(what, *cells, "" if ok is None else "yes" if ok else "NO")

    def _line(self, what: str, *cells: str) -> None:
        widths = (9, 9, 7, 8, 4)
        texts = [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]
        print(f"{what:<66}", *texts, flush=True)


def _seconds(seconds: float) -> str:
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
