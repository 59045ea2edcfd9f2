"""Verbs, a row each: what it does, to what, how it is used; and the guards of a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from jobctl.errors import Refused, UsageProblem
from jobctl.model.layout import Kind
from jobctl.model.times import LONGEST, Instant

SETS_WITH_VERBS = (Kind.RETRIES, Kind.SCHEDULED, Kind.DEAD)


class Verb(StrEnum):
    """What a change does. `row` says the rest."""

    KILL = "kill"
    DISCARD = "discard"
    REQUEUE = "requeue"
    RESCHEDULE = "reschedule"
    CLEAR = "clear"
    RELEASE = "release"
    REMOVE = "remove"
    ADOPT = "adopt"
    DELETE = "delete"
    REQUEST_KILL = "request-kill"
    MARK = "mark"

    @property
    def row(self) -> VerbRow:
        """What is known of it."""
        return VERBS[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbRow:
    """One row of the table.

    Attributes:
        done: what became of the jobs, in a word.
        kinds: the structures it works on.
        script: the script that carries it out; see also `Change.script`.
        target: the set that it moves jobs to.
        to_queues: whether it moves jobs to their queues.
        permanent: why it cannot be undone; empty where it can.
        warning: what must be known before it is confirmed.
        options: its own options.
        about: what it does, in one sentence or two.
        more: what else its help says.
        examples: commands; ``{set}`` stands for the set, or the group of commands.
    """

    done: str
    kinds: tuple[Kind, ...]
    script: str
    target: Kind | None = None
    to_queues: bool = False
    permanent: str = ""
    warning: str = ""
    options: tuple[str, ...] = ()
    about: str = ""
    more: str = ""
    examples: tuple[str, ...] = ()

    @property
    def on_queues(self) -> bool:
        """Whether it works on whole queues."""
        return Kind.QUEUE in self.kinds


VERBS: Mapping[Verb, VerbRow] = {
    Verb.KILL: VerbRow(
        done="killed",
        kinds=SETS_WITH_VERBS,
        script="move",
        target=Kind.DEAD,
        options=("--rate",),
        about="Move jobs to dead. Their bytes stay as they are; they are purged 180 days from now.",
        examples=(
            "jobctl {set} kill --type SendEmail --dry-run",
            "jobctl {set} kill --error 'NoMethodError' --older-than 2d --max 500",
            "jobctl {set} kill --jid - --yes < jids",
        ),
    ),
    Verb.DISCARD: VerbRow(
        done="discarded",
        kinds=SETS_WITH_VERBS,
        script="discard",
        options=("--rate",),
        about="Remove jobs. jobctl undo puts them back.",
        examples=(
            "jobctl {set} discard --type SendEmail --dry-run",
            "jobctl {set} discard -w 'custom.tenant=acme and age>1w' --expect 40 --yes",
            'jobctl {set} discard --match \'*"args":\\\\["bob"*\' --plan bobs.jsonl',
        ),
    ),
    Verb.REQUEUE: VerbRow(
        done="requeued",
        kinds=SETS_WITH_VERBS,
        script="requeue",
        to_queues=True,
        options=("--to", "--front", "--reset-retries", "--in", "--spread", "--rate"),
        about="Move jobs to their queues. They go in order of score, with a fresh enqueued_at.",
        more="The retry count is kept: a job out of retries goes back to dead at its next "
        "failure, unless --reset-retries is given.",
        examples=(
            "jobctl {set} requeue --type SendEmail --dry-run",
            "jobctl {set} requeue --error Timeout --spread 30m --yes",
            "jobctl {set} requeue --all --to slow --rate 50/s --reason 'after the fix'",
        ),
    ),
    Verb.RESCHEDULE: VerbRow(
        done="rescheduled",
        kinds=SETS_WITH_VERBS,
        script="reschedule",
        options=("--at", "--in", "--spread", "--rate"),
        about="Give jobs another time.",
        examples=(
            "jobctl {set} reschedule --type SendEmail --dry-run",
            "jobctl {set} reschedule -w 'jobtype=SyncStock' --in 2h",
            "jobctl {set} reschedule --all --spread 1h --expect 1200 --yes",
        ),
    ),
    Verb.CLEAR: VerbRow(
        done="discarded",
        kinds=SETS_WITH_VERBS,
        script="discard",
        options=("--rate",),
        about="Remove every job. jobctl undo puts them back, unless --no-undo is given.",
        more="It asks for the set's name; --confirm NAME answers it.",
        examples=("jobctl {set} clear --dry-run", "jobctl {set} clear --confirm {set}"),
    ),
    Verb.RELEASE: VerbRow(
        done="released",
        kinds=(Kind.WORKING,),
        script="requeue",
        to_queues=True,
        permanent="its jobs may be running, or done",
        warning="a worker that is alive may still run one of them: it then runs twice; "
        "a release cannot be undone",
        options=("--break-batch",),
    ),
    Verb.REMOVE: VerbRow(done="removed", kinds=(Kind.QUEUE,), script="remove"),
    Verb.ADOPT: VerbRow(done="adopted", kinds=(Kind.QUEUE,), script="remove"),
    Verb.DELETE: VerbRow(
        done="deleted",
        kinds=(Kind.RECORDS,),
        script="record_delete",
        options=("--force", "--rate"),
    ),
    Verb.REQUEST_KILL: VerbRow(
        done="asked to be killed:",
        kinds=(Kind.RECORDS,),
        script="record_marks",
        permanent="the jobs may have been told already",
        options=("--rate",),
    ),
    Verb.MARK: VerbRow(
        done="marked",
        kinds=(Kind.RECORDS,),
        script="record_marks",
        permanent="the jobs may have gone on from there",
        options=("--rate",),
    ),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A verb and how it is meant.

    Attributes:
        verb: what to do.
        at: the moment (unix seconds) that reschedule gives.
        delay: seconds from now (``--in``).
        spread: seconds from now over which the jobs are spread evenly.
        to: the queue to requeue to, instead of each job's own.
        front: requeue to where the next job is taken from.
        reset_retries: requeue without the failure: the job gets its full retries again.
        rate: at most so many jobs a second.
        force: delete also records that are not completed.
        state: the state that records are marked with.
        break_batch: release also jobs of batches, which count as done then.
    """

    verb: Verb
    at: float | None = None
    delay: float | None = None
    spread: float | None = None
    to: str | None = None
    front: bool = False
    reset_retries: bool = False
    rate: float | None = None
    force: bool = False
    state: str | None = None
    break_batch: bool = False

    @property
    def to_scheduled(self) -> bool:
        """Whether requeue moves to scheduled instead of a queue."""
        return self.verb is Verb.REQUEUE and not (self.delay is None and self.spread is None)

    @property
    def to_queues(self) -> bool:
        """Whether the jobs go to queues."""
        return self.verb.row.to_queues and not self.to_scheduled

    @property
    def gives_scores(self) -> bool:
        """Whether the jobs get other scores."""
        return self.verb is Verb.KILL or any(value is not None for _, value in self._times())

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what whoever is asked must know, a sentence each."""
        return (self.verb.row.warning,) if self.verb.row.warning else ()

    def script(self, kind: Kind) -> str:
        """Return the name of the script that carries it out on a structure."""
        if self.in_place(kind):
            return "reschedule"
        return "move" if self.to_scheduled else self.verb.row.script

    def target(self, kind: Kind) -> Kind | None:
        """Return the set that jobs of a structure move to; None where they move to none."""
        if self.in_place(kind):
            return None
        return Kind.SCHEDULED if self.to_scheduled else self.verb.row.target

    def in_place(self, kind: Kind) -> bool:
        """Tell whether the jobs stay where they are and get other scores."""
        if self.verb is Verb.RESCHEDULE:
            return True
        if self.verb is Verb.KILL:
            return kind is Kind.DEAD
        return self.to_scheduled and kind is Kind.SCHEDULED

    def check(self, kind: Kind) -> None:
        """Check that it makes sense for a set.

        Raises:
            UsageProblem: it does not; says what does.
        """
        kinds = self.verb.row.kinds
        if kind not in kinds:
            names = ", ".join(kinds)
            raise UsageProblem(f"{self.verb} works on {names}, not on {kind.value}")
        if self.verb is Verb.MARK:
            from jobctl.model.record_values import read_state  # the other verbs have no state

            read_state(self.state or "")
        times = [name for name, value in self._times() if value is not None]
        self._check_times()
        if len(times) > 1:
            raise UsageProblem(f"{' and '.join(times)} contradict each other")
        if self.verb is Verb.RESCHEDULE:
            self._check_reschedule(kind, times)
        if times and (self.front or self.to is not None):
            option = "--front" if self.front else "--to"
            raise UsageProblem(f"{times[0]} moves to scheduled, {option} to a queue: not both")
        if times and self.reset_retries and self.in_place(kind):
            raise UsageProblem(
                f"{times[0]} leaves scheduled jobs where they are, as they are",
                hint="--reset-retries goes with a requeue to a queue",
            )
        if self.to == "":
            raise UsageProblem("--to is empty", hint="name the queue that the jobs go to")

    def _times(self) -> tuple[tuple[str, float | None], ...]:
        return (("--at", self.at), ("--in", self.delay), ("--spread", self.spread))

    def _check_times(self) -> None:
        if self.at is not None and Instant.of_epoch(self.at) is None:
            raise UsageProblem(f"--at: {self.at:.15g} seconds are no time of the years 1 to 9999")
        for name, seconds in self._times()[1:]:
            if seconds is not None and not 0 <= seconds <= LONGEST:
                raise UsageProblem(f"{name}: {seconds:.15g} seconds are not from 0 to 1,000 years")

    def _check_reschedule(self, kind: Kind, times: list[str]) -> None:
        if kind is Kind.DEAD:
            raise UsageProblem(
                "a dead job has no time to run at: its score says when it is purged",
                hint="run them later: jobctl dead requeue --in D; keep them: jobctl dead kill",
            )
        if not times:
            raise UsageProblem(
                "reschedule to when?", hint="--at TIME, --in DURATION or --spread DURATION"
            )

    def settings(self) -> dict[str, object]:
        """Return what was set, by name: for a header, and for people."""
        implied = {"verb"} | ({"front"} if self.verb is Verb.RELEASE else set())
        return {
            k: v for k, v in asdict(self).items() if v not in (None, False) and k not in implied
        }


@dataclass(frozen=True, slots=True)
class Rules:
    """What a context holds every change to.

    Attributes:
        context: its name; None where no context was chosen: then there are no rules.
        read_only: nothing is changed.
        protected: a person must type the context's name where a change asks.
        reason_required: nothing is changed without a reason.
        journal: whether the files of operations stay, for an undo.
    """

    context: str | None = None
    read_only: bool = False
    protected: bool = False
    reason_required: bool = False
    journal: bool = True

    def check(self, reason: str | None, *, rehearsed: bool = False) -> None:
        """Check a change; one that is only rehearsed changes nothing.

        Raises:
            Refused: this context forbids it, or wants a reason.
        """
        if rehearsed:
            return
        self.allow()
        if self.reason_required and not (reason or "").strip():
            raise Refused(
                f"context {self.context} wants a reason; nothing was changed",
                hint="say why: --reason TEXT",
            )

    def allow(self) -> None:
        """Check a change that needs no reason of its own.

        Raises:
            Refused: this context forbids it.
        """
        if self.read_only:
            raise Refused(
                f"context {self.context} is read-only; nothing was changed",
                hint="use a context that may change things: jobctl context ls",
            )


NO_RULES = Rules()


@dataclass(frozen=True, slots=True)
class Guards:
    """What a change is held to.

    Attributes:
        dry_run: choose and show, change nothing.
        everything: mean every job, where there is no filter.
        expect: how many must match, exactly.
        most: how many may match (``--max``).
        limit: how many to change, those of lowest score.
        reason: why; it is kept in the operation's file.
        undo: whether the file stays, for an undo.
        server_changed: whether undo, resume and apply go on where this Redis may hold other data.
        without_pause: whether an undo puts jobs back also to a queue whose pause cannot come back.
    """

    dry_run: bool = False
    everything: bool = False
    expect: int | None = None
    most: int | None = None
    limit: int | None = None
    reason: str | None = None
    undo: bool = True
    server_changed: bool = False
    without_pause: bool = False

    def under(self, rules: Rules, *, rehearsed: bool) -> Guards:
        """Return them as they are under the rules of a context.

        Raises:
            Refused: it forbids the change, or wants a reason.
        """
        rules.check(self.reason, rehearsed=rehearsed)
        return replace(self, undo=self.undo and rules.journal)

    def allow(self, rules: Rules) -> None:
        """Check that the rules of a context allow more than a rehearsal, where more is meant.

        Raises:
            Refused: it is read-only.
        """
        if not self.dry_run:
            rules.allow()

    def check(self, matched: int) -> None:
        """Check a count of what matched (before the limit).

        Raises:
            Refused: it is not what was expected, or too many.
        """
        refusal = self.refusal(matched)
        if refusal is not None:
            raise refusal

    def refusal(self, matched: int) -> Refused | None:
        """Return the error for a count that is not what was expected, or too many."""
        if self.expect is not None and matched != self.expect:
            return Refused(
                f"{matched:,} matched, {self.expect:,} were expected; nothing was changed",
                hint="look at them: --dry-run",
            )
        if self.most is not None and matched > self.most:
            return Refused(
                f"{matched:,} matched, more than --max {self.most:,}; nothing was changed",
                hint="choose fewer, or raise --max",
            )
        return None

    def bounds(self, taken: int) -> tuple[int | None, int | None]:
        """Return how many more there may be, at least and at most, where some are taken."""
        highest = [bound - taken for bound in (self.expect, self.most) if bound is not None]
        fewest = None if self.expect is None else max(0, self.expect - taken)
        return fewest, max(0, min(highest)) if highest else None
