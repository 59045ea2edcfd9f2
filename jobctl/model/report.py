"""What became of a bulk operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobctl.errors import Exit
from jobctl.model.entry import Entry
from jobctl.model.jobba import Record
from jobctl.model.layout import Kind
from jobctl.model.verbs import Change


@dataclass(frozen=True, slots=True)
class Report:
    """The counts of an operation. ``matched`` is always the sum of the four that follow it.

    Attributes:
        action: the verb, or undo.
        target: the set it acted on.
        server: the Redis, without its password.
        matched: the jobs the filter matched.
        done: those that were changed.
        gone: those that had left, or changed, before they could be.
        failed: those that could not be changed; they are where they were.
        skipped: those beyond the limit.
        missing: JIDs that were asked for and matched nothing; of an undo, those that had left.
        unmatched: those of the missing that are there, and not what the rest of the filter asks.
        dry_run: whether nothing was to be changed.
        operation: its id, for undo and resume; None when no file was kept.
        reason: why, as it was given.
        before: members of each structure that was touched, before the first change.
        after: the same after the last one.
        seconds: how long it took.
        moved: by how much the operation itself changed each structure; the rest is traffic.
        merged: of the done: their target held the very same job already.
        reasons: why jobs failed, and how many.
        failed_jids: the JIDs of the first few that failed.
        left_retries: retries left -> how many of the failed jobs that run again have so many.
        unfinished: whether it was stopped before its end; nothing is lost, resume goes on.
        earlier: whether an earlier run did all of it, and this one changed nothing.
        notes: what else there is to know, a sentence each.
        problems: what did not work beside the jobs, a sentence each.
    """

    action: str
    target: str
    server: str
    matched: int = 0
    done: int = 0
    gone: int = 0
    failed: int = 0
    skipped: int = 0
    missing: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    dry_run: bool = False
    operation: str | None = None
    reason: str | None = None
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    moved: Mapping[str, int] = field(default_factory=dict)
    merged: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    failed_jids: tuple[str, ...] = ()
    left_retries: Mapping[int, int] = field(default_factory=dict)
    unfinished: bool = False
    earlier: bool = False
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def of_earlier(self, operation: str) -> Report:
        """Return it as the report of a run that found all of it done."""
        note = f"operation {operation} was finished before; nothing was changed"
        return replace(self, earlier=True, notes=(note, *self.notes))

    @property
    def thing(self) -> str:
        """What one of those it counts is called."""
        return Kind.RECORDS.thing if self.target == Kind.RECORDS else Kind.RETRIES.thing

    @property
    def left(self) -> int:
        """The jobs that are still to be done, where it was stopped."""
        return self.matched - self.done - self.gone - self.failed - self.skipped

    @property
    def retries_text(self) -> str | None:
        """What the jobs that run again have left, for people; None where there is nothing to say.

        A job out of retries goes straight back to dead at its next failure.
        """
        spent = self.left_retries.get(0, 0)
        some = sorted(count for count in self.left_retries if count)
        if not self.left_retries or not self.done:
            return None
        parts = (
            [f"{spent:,} have no retries left (--reset-retries gives them back)"] if spent else []
        )
        if some:
            span = f"{some[0]:,}" if some[0] == some[-1] else f"{some[0]:,} to {some[-1]:,}"
            parts.append(f"{sum(self.left_retries.values()) - spent:,} have {span} left")
        return "; ".join(parts)

    @property
    def adds_up(self) -> bool:
        """Whether every job that matched is accounted for."""
        return self.left == 0

    @property
    def others(self) -> dict[str, int]:
        """How each structure changed by what others did meanwhile."""
        return {
            name: self.after[name] - count - self.moved.get(name, 0)
            for name, count in self.before.items()
            if name in self.after
        }

    @property
    def exit(self) -> Exit:
        """The exit code that follows from the counts."""
        if self.dry_run:
            return Exit.OK
        if self.failed or self.problems:
            return Exit.SOME_FAILED if self.done else Exit.FAILURE
        return Exit.OK if self.adds_up else Exit.FAILURE

    @property
    def merged_text(self) -> str | None:
        """What became of jobs that are the same now; None where there are none."""
        if not self.merged:
            return None
        return f"{self.merged:,} of them were there already: now there is one of each"

    def document(self) -> dict[str, object]:
        """Return the report under its JSON keys."""
        return {
            "action": self.action,
            "target": self.target,
            "server": self.server,
            "matched": self.matched,
            "done": self.done,
            "merged": self.merged,
            "gone": self.gone,
            "failed": self.failed,
            "skipped": self.skipped,
            "missing": list(self.missing),
            "dry_run": self.dry_run,
            "operation": self.operation,
            "reason": self.reason,
            "before": dict(self.before),
            "after": dict(self.after),
            "seconds": round(self.seconds, 3),
        }


SAMPLE = 5  # jobs


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be changed.

    Attributes:
        action: the verb, undo, resume or apply.
        kind: the set.
        change: the verb and how it is meant.
        server: the Redis.
        matched: the jobs that the filter matched.
        chosen: those that would be changed.
        skipped: those beyond the limit.
        missing: JIDs that matched nothing.
        unmatched: those of them that are there, and not what the rest of the filter asks for.
        histogram: how many of each type, queue and error (of records: state and job name), the
            most frequent first.
        sample: some of them, the first to be changed, or to run, first.
        notes: what else there is to know, a sentence each.
        plan: the file it was written to, instead of being done.
        rehearsed: nothing is changed: a dry run, or a plan.
        queues: the queues whose jobs would be changed.
        name: what must be typed, where it is none of the set's name and yes or no.
    """

    action: str
    kind: Kind
    change: Change
    server: str
    matched: int
    chosen: int
    skipped: int = 0
    missing: Sequence[str] = ()
    unmatched: Sequence[str] = ()
    histogram: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    sample: Sequence[Entry | Record] = ()
    notes: Sequence[str] = ()
    plan: Path | None = None
    rehearsed: bool = False
    queues: Sequence[str] = ()
    name: str | None = None
