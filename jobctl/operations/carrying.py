"""Carrying an operation out, for the first time or once more, and its ledger."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from jobctl.backend import Backend
from jobctl.errors import ConnectionLost, FileProblem, JobctlError, Loading
from jobctl.model.change import Change
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.leases import Author
from jobctl.model.notes import ActingNote
from jobctl.model.operation import Batch, Header, Outcome, Rising
from jobctl.model.report import Report
from jobctl.model.times import LAST
from jobctl.model.verbs import Verb
from jobctl.operations.acting import Actor, Course, Told, read_scores
from jobctl.operations.chosen import Chosen
from jobctl.operations.file import OperationFile
from jobctl.operations.past import claim_token, claimed_by, other_claimant
from jobctl.operations.preparing import Preparer
from jobctl.operations.tally import Tally, is_touched
from jobctl.operations.watch import Watch
from jobctl.systems.base import NewQueues

if TYPE_CHECKING:
    from jobctl.operations.releasing import Releaser

MICROSECOND = 1e-6


def begin(backend: Backend, file: OperationFile, jobs: int, who: str, host: str) -> ActingNote:
    """Note what the operation decides once: whose server, from which score on, what there was."""
    now = backend.server.now()
    backend.system.remember_server()
    note: ActingNote = {
        "identity": backend.operations.claim_identity(),
        "at": now,
        "before": sizes(backend, file.header),
        "claim": secrets.token_hex(8),
        "who": who,
        "host": host,
    }
    scores = _scores(file.header.change, now, jobs, backend.layout.purge_after)
    if scores is not None:
        note |= {"first": scores.first, "step": scores.step}
    if file.header.change.to_queues:
        note["queues"] = sorted(queue.name for queue in backend.queues.named() if queue.registered)
    file.note({"acting": note})
    if file.header.keep:  # its claim in Redis outlives a power failure here
        file.flush()
    return note


def claim(backend: Backend, file: OperationFile, acting: ActingNote) -> Author | None:
    """Claim the operation in Redis; return who else has claimed it, and carries it out.

    Raises:
        RefusedByRedis: Redis would refuse the changes as well; nothing was changed.
    """
    author = Author(acting.get("who", ""), acting.get("host", ""), acting["at"])
    mine = b"%b %b" % (claim_token(acting).encode(), author.encode())
    return other_claimant(backend.operations.claim(file.header, mine), acting)


def leave_to(claimant: Author, file: OperationFile, report: Report, jobs: int) -> Report:
    """Report that somebody else carries an operation out, and note that as the end of this copy."""
    note = f"{claimed_by(claimant, file.header)}; nothing was changed from this one"
    report = replace(report, gone=jobs, notes=(note,))
    file.note({"end": report.document()})
    return report


def carry_out(
    backend: Backend,
    file: OperationFile,
    chosen: Chosen,
    acting: ActingNote,
    report: Report,
    watch: Watch,
    *,
    noted: Mapping[int, Batch] | None = None,
    results: Mapping[int, str] | None = None,
    acknowledged: Mapping[int, Told] | None = None,
) -> Report:
    """Act on what was chosen, and complete the report.

    Args:
        backend: what it works on.
        file: the operation's file.
        chosen: the members, in the order they are acted on.
        acting: what `begin` noted.
        report: what is known so far.
        watch: who looks on.
        noted: what was noted of batches before, by number.
        results: batches that were applied before, by number.
        acknowledged: of a release, the jobs of each batch that the server may have been told of.

    Raises:
        ConnectionLost: Redis went away; resume goes on from there.
        FileProblem: the disk is full; resume goes on from there.
        Refused: a release cannot go on without its server.
    """
    course = Course(read_scores(acting), noted or {}, results or {}, acknowledged or {})
    actor = _actor(file.header)(backend, file, chosen, course, watch)
    watch.began(file.header.operation)
    try:
        tally = actor.act()
        if isinstance(actor.refusal, Loading):
            raise actor.refusal
        after = sizes(backend, file.header)
    except (ConnectionLost, Loading, FileProblem) as error:
        raise resumable(error, file.header.operation) from error
    report = _counted(report, tally, acting["before"], after)
    names = _names(Preparer.of(file, chosen, backend.layout), chosen, file, tally.failed)
    report = replace(
        report,
        failed_jids=tuple(names),
        notes=(*report.notes, *actor.notes()),
        problems=(*report.problems, *actor.problems()),
    )
    if actor.refusal is not None:
        left = report.left
        reasons = {**report.reasons, actor.refusal.message: left}
        report = replace(report, failed=report.failed + left, reasons=reasons, unfinished=True)
    elif actor.stopped:
        report = replace(report, unfinished=True)
    else:
        notes = _introduce(backend, file, tally, acting.get("queues"), watch)
        report = replace(report, notes=report.notes + notes)
        file.note({"end": report.document()})
        if not file.header.keep:
            file.delete()
            report = replace(report, operation=None)
    return report


def _introduce(
    backend: Backend,
    file: OperationFile,
    tally: Tally,
    before: Sequence[str] | None,
    watch: Watch,
) -> tuple[str, ...]:
    """Let the server know the queues that jobs went to, where they are new."""
    if not file.header.change.to_queues or before is None:
        return ()
    form = file.header.form or QueueForm.Q
    names = [name.removeprefix("queue:") for name in tally.moved if name.startswith("queue:")]
    forms = dict.fromkeys(names, form)
    new = NewQueues(forms, before, file.header.operation, file.note, watch.stopping)
    return backend.system.introduce(new)


def _actor(header: Header) -> type[Actor | Releaser]:
    if header.change.verb is not Verb.RELEASE:
        return Actor
    from jobctl.operations.releasing import Releaser  # no other verb speaks to a server

    return Releaser


def sizes(backend: Backend, header: Header) -> dict[str, int]:
    """Return how many members the structures have that an operation can touch."""
    if header.kind is Kind.RECORDS:
        return backend.snapshots(header.record_layout).sizes()
    target = header.change.target(header.kind)
    kinds = [header.kind] if target is None else [header.kind, target]
    if not header.change.to_queues:
        return backend.operations.sizes(kinds, ())
    form = header.form or QueueForm.Q
    names = {queue.name for queue in backend.queues.named()}
    names |= {name for name in (header.change.to,) if name is not None}
    return backend.operations.sizes(kinds, [(name, form) for name in sorted(names)])


def _scores(change: Change, now: float, jobs: int, purge_after: int) -> Rising | None:
    if change.at is not None:
        return Rising(min(change.at, LAST - jobs * MICROSECOND), MICROSECOND)
    if change.delay is not None:
        return Rising(now + change.delay, MICROSECOND)
    if change.spread is not None:
        return Rising(now, max(MICROSECOND, change.spread / max(1, jobs)))
    return Rising(now + purge_after, MICROSECOND) if change.verb is Verb.KILL else None


def _counted(
    report: Report, tally: Tally, before: Mapping[str, int], after: Mapping[str, int]
) -> Report:
    touched = [name for name in after if is_touched(name, tally.moved)]
    return replace(
        report,
        done=tally.done,
        gone=tally.outcomes[Outcome.GONE],
        failed=tally.outcomes[Outcome.FAILED],
        merged=tally.outcomes[Outcome.MERGED],
        reasons=dict(tally.reasons),
        moved=dict(tally.moved),
        left_retries={n: count for n, count in tally.left.items() if n is not None},
        before={name: before.get(name, 0) for name in touched},
        after={name: after[name] for name in touched},
    )


def _names(
    preparer: Preparer, chosen: Chosen, file: OperationFile, places: Iterable[int]
) -> Iterator[str]:
    """Yield the ids of these jobs, as far as they have one."""
    for place in places:
        name = preparer.name(file.read(*chosen.place(place)))
        if name is not None:
            yield name


def resumable(error: JobctlError, operation: str) -> JobctlError:
    """Return an error with the hint how to go on."""
    error.hint = f"nothing is lost; go on with: jobctl resume {operation}"
    return error
