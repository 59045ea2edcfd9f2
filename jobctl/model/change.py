"""What a verb does to the jobs that were chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from jobctl.errors import UsageProblem
from jobctl.model.layout import Kind
from jobctl.model.times import LONGEST, Instant
from jobctl.model.verbs import Verb


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
