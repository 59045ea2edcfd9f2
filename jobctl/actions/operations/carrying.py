"""Carrying an operation out, for the first time or once more, and its ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from jobctl.actions.jobs import Store
from jobctl.actions.operations.acting import Actor, Course
from jobctl.actions.operations.chosen import Chosen
from jobctl.actions.operations.file import OperationFile
from jobctl.actions.operations.preparing import Preparer
from jobctl.actions.operations.tally import Tally, is_touched, target_of
from jobctl.actions.operations.watching import Watch
from jobctl.errors import ConnectionLost, FileProblem, JobctlError, Loading
from jobctl.model.change import Change, Verb
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.operation import Batch, Header, Outcome, Rising
from jobctl.model.report import Report
from jobctl.model.times import LAST

if TYPE_CHECKING:
    from jobctl.actions.operations.releasing import Releaser

MICROSECOND = 1e-6

Note = dict[str, object]


def begin(store: Store, file: OperationFile, jobs: int) -> Note:
    """Note what the operation decides once: whose server, from which score on, what there was."""
    now = store.server.now()
    note: Note = {
        "identity": store.operations.claim_identity(),
        "at": now,
        "before": sizes(store, file.header),
    }
    scores = _scores(file.header.change, now, jobs, store.layout.purge_after)
    if scores is not None:
        note |= {"first": scores.first, "step": scores.step}
    file.note({"acting": note})
    return note


def carry_out(
    store: Store,
    file: OperationFile,
    chosen: Chosen,
    acting: Note,
    report: Report,
    watch: Watch,
    *,
    noted: Mapping[int, Batch] | None = None,
    results: Mapping[int, str] | None = None,
    acknowledged: Mapping[int, frozenset[int]] | None = None,
) -> Report:
    """Act on what was chosen, and complete the report.

    Args:
        store: the Redis.
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
    scores = Rising(_float(acting["first"]), _float(acting["step"])) if "first" in acting else None
    course = Course(scores, noted or {}, results or {}, acknowledged or {})
    actor = _actor(file.header)(store, file, chosen, course, watch)
    watch.began(file.header.operation)
    try:
        tally = actor.act()
        if isinstance(actor.refusal, Loading):
            raise actor.refusal
        after = sizes(store, file.header)
    except (ConnectionLost, Loading, FileProblem) as error:
        raise _resumable(error, file.header.operation) from error
    report = _counted(report, tally, _counts(acting["before"]), after)
    names = _names(Preparer.of(file, chosen, store.layout), chosen, file, tally.failed)
    report = replace(report, failed_jids=tuple(names))
    if actor.refusal is not None:
        left = report.left
        reasons = {**report.reasons, actor.refusal.message: left}
        report = replace(report, failed=report.failed + left, reasons=reasons, unfinished=True)
    elif actor.stopped:
        report = replace(report, unfinished=True)
    else:
        file.note({"end": report.document()})
        if not file.header.keep:
            file.delete()
            report = replace(report, operation=None)
    return report


def _actor(header: Header) -> type[Actor | Releaser]:
    if header.change.verb is not Verb.RELEASE:
        return Actor
    from jobctl.actions.operations.releasing import Releaser  # no other verb speaks to a server

    return Releaser


def sizes(store: Store, header: Header) -> dict[str, int]:
    """Return how many members the structures have that an operation can touch."""
    if header.kind is Kind.RECORDS:
        return store.operations.record_sizes(header.record_layout)
    target = target_of(header)
    kinds = [header.kind] if target is None else [header.kind, target]
    if not header.change.to_queues:
        return store.operations.sizes(kinds, ())
    form = header.form or QueueForm.Q
    names = {queue.name for queue in store.queues.named()}
    names |= {name for name in (header.change.to,) if name is not None}
    return store.operations.sizes(kinds, [(name, form) for name in sorted(names)])


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


def _resumable(error: JobctlError, operation: str) -> JobctlError:
    error.hint = f"nothing is lost; go on with: jobctl resume {operation}"
    return error


def _counts(found: object) -> dict[str, int]:
    return found if isinstance(found, dict) else {}


def _float(value: object) -> float:
    assert isinstance(value, int | float)  # noqa: S101 (begin wrote it)
    return float(value)
