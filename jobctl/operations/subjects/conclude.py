"""The end of a removal or an adoption: the file is whole, so what stands aside can go, or move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from jobctl.backend import Backend
from jobctl.model.entry import Entry, Place
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.operation import ChosenNote, Header
from jobctl.model.queue import RemovedQueue, Segment
from jobctl.model.report import Report
from jobctl.model.verbs import Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.request import Watch
from jobctl.operations.subjects.staging import Rounds
from jobctl.systems.base import NewQueues
from jobctl.systems.registry import support_of


def conclude(
    backend: Backend,
    file: OperationFile,
    rounds: Rounds,
    choice: ChosenNote,
    report: Report,
    watch: Watch,
) -> Report:
    """Let go of what stands aside, or adopt it; complete the report, and note it in the file.

    Args:
        backend: what it works on.
        file: the operation's file; all jobs are in it, and on the disk.
        rounds: what stands aside.
        choice: what the file says of itself.
        report: what is known so far.
        watch: who may end the waiting for a server that is to know of new queues.
    """
    header = file.header
    if header.change.verb is Verb.ADOPT:
        return _adopt(backend, file, rounds, choice, report, watch)
    backend.removing.unlink(rounds.keys(backend, header))
    report = removed_report(header, choice, report)
    return _ended(file, replace(report, after=queue_sizes(backend, header.queues)))


def _adopt(
    backend: Backend,
    file: OperationFile,
    rounds: Rounds,
    choice: ChosenNote,
    report: Report,
    watch: Watch,
) -> Report:
    """Move what stands aside to the lists that are read; what was taken first runs first.

    The arguments are those of `conclude`.
    """
    header, removing = file.header, backend.removing
    for number in reversed(rounds.numbers):
        lists = [(header.queues[i].name, form) for i, form, _ in rounds.lists(number, header)]
        pairs = [
            (
                removing.key(name, read_form(header)),
                removing.aside(header.operation, number, name, form),
            )
            for name, form in lists
        ]
        removing.join(header.operation, pairs, before=True)
    removing.register(queue.name for queue in header.queues)
    forms = {queue.name: read_form(header) for queue in header.queues if queue.jobs}
    before = [queue.name for queue in header.queues if queue.registered]
    new = NewQueues(forms, before, header.operation, file.note, watch.stopping)
    notes = backend.system.introduce(new)
    old = removed_report(header, choice, replace(report, notes=report.notes + notes))
    moved = {
        adopted_name(queue): old.moved.get(f"queue:{queue.name}", 0) for queue in header.queues
    }
    moved |= {name: -count for name, count in old.moved.items()}
    return _ended(
        file, replace(old, before=report.before, after=adopted_sizes(backend, header), moved=moved)
    )


def read_form(header: Header) -> QueueForm:
    """Return the form of the lists that an adoption moves jobs to."""
    return header.form or QueueForm.Q


def adopted_name(queue: RemovedQueue) -> str:
    """Return what the ledger calls the list that is not read."""
    return f"list:{support_of().layout.queue_key(queue.name, queue.forms[0])}"


def adopted_sizes(backend: Backend, header: Header) -> dict[str, int]:
    """Return how many jobs wait in the lists that are read, and in those that are not."""
    read = [replace(queue, forms=(read_form(header),)) for queue in header.queues]
    old = queue_sizes(backend, header.queues)
    return queue_sizes(backend, read) | {
        adopted_name(queue): old[f"queue:{queue.name}"] for queue in header.queues
    }


def _ended(file: OperationFile, report: Report) -> Report:
    """Note the report in the file, which stays where it is kept."""
    file.note({"end": report.document()})
    if file.header.keep:
        return report
    file.delete()
    return replace(report, operation=None)


def removed_report(header: Header, choice: ChosenNote, report: Report) -> Report:
    """Return the report with the counts that the file tells."""
    segments = choice.get("segments", [])
    removed = Counter({f"queue:{segment.queue}": 0 for segment in segments if not segment.back})
    for segment in segments:
        removed[f"queue:{segment.queue}"] -= 0 if segment.back else segment.jobs
    matched, done, failed = choice["matched"], choice.get("done", 0), choice.get("failed", 0)
    return replace(
        report,
        matched=matched,
        done=done,
        failed=failed,
        gone=matched - done - failed,
        reasons=choice.get("reasons", {}),
        problems=(*report.problems, *choice.get("problems", ())),
        notes=(*report.notes, *choice.get("notes", ())),
        before={f"queue:{queue.name}": queue.jobs for queue in header.queues},
        moved=removed,
    )


def check_whole(file: OperationFile, choice: ChosenNote) -> None:
    """Check that the jobs are all in the file, before what stands aside in Redis is let go.

    Raises:
        FileProblem: they are not.
    """
    told = sum(segment.jobs for segment in choice.get("segments", ()))
    there = sum(1 for _ in file.members())
    if told != there:
        raise file.damaged(f"{told:,} jobs were written, and {there:,} are in it")


def removed_entries(file: OperationFile, found: Sequence[Segment]) -> Iterator[Entry]:
    """Yield the jobs of a removal as they stood in their queues, by what the file says."""
    members = file.members()
    for segment in found:
        place = Place(Kind.QUEUE, segment.queue, None, segment.form)
        for raw in islice(members, segment.jobs):
            yield Entry.queued(raw, place, support_of().layout)


def queue_sizes(backend: Backend, queues: Sequence[RemovedQueue]) -> dict[str, int]:
    """Return how many jobs wait in these queues, as the ledger names them."""
    lists = [(queue.name, form) for queue in queues for form in queue.forms]
    lengths = backend.removing.lengths(backend.removing.key(name, form) for name, form in lists)
    found: Counter[str] = Counter({f"queue:{queue.name}": 0 for queue in queues})
    for (name, _), length in zip(lists, lengths, strict=True):
        found[f"queue:{name}"] += length
    return dict(found)
