"""The verbs: one row each says what it does, to what, and how it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from jobctl.model.layout import Kind

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
