"""The end of a removal: the file is whole, so what stands aside can go; the report follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from jobctl.actions.operations.file import OperationFile
from jobctl.actions.removal.rounds import Rounds
from jobctl.model.entry import Entry
from jobctl.model.layout import Kind
from jobctl.model.operation import Header
from jobctl.model.place import Place
from jobctl.model.removal import RemovedQueue, Segment
from jobctl.model.report import Report
from jobctl.store.opening import Store


def conclude(
    store: Store,
    file: OperationFile,
    rounds: Rounds,
    choice: Mapping[str, object],
    report: Report,
) -> Report:
    """Let go of what stands aside, complete the report, and note it in the file.

    Args:
        store: the Redis.
        file: the operation's file; all jobs are in it, and on the disk.
        rounds: what stands aside.
        choice: what the file says of itself.
        report: what is known so far.
    """
    header = file.header
    store.removing.unlink(rounds.keys(store, header))
    report = removed_report(header, choice, report)
    report = replace(report, after=queue_sizes(store, header.queues))
    file.note({"end": report.document()})
    if header.keep:
        return report
    file.delete()
    return replace(report, operation=None)


def removed_report(header: Header, choice: Mapping[str, object], report: Report) -> Report:
    """Return the report with the counts that the file tells."""
    removed = Counter(
        {f"queue:{segment.queue}": 0 for segment in segments(choice) if not segment.back}
    )
    for segment in segments(choice):
        removed[f"queue:{segment.queue}"] -= 0 if segment.back else segment.jobs
    matched, done, failed = (_count(choice, key) for key in ("matched", "done", "failed"))
    reasons = choice["reasons"]
    return replace(
        report,
        matched=matched,
        done=done,
        failed=failed,
        gone=matched - done - failed,
        reasons=reasons if isinstance(reasons, dict) else {},
        problems=report.problems + _texts(choice, "problems"),
        notes=report.notes + _texts(choice, "notes"),
        before={f"queue:{queue.name}": queue.jobs for queue in header.queues},
        moved=removed,
    )


def segments(choice: Mapping[str, object]) -> list[Segment]:
    """Return whose jobs stand where in the file."""
    found = choice["segments"]
    return [Segment.read(segment) for segment in found] if isinstance(found, list) else []


def removed_entries(file: OperationFile, found: list[Segment]) -> Iterator[Entry]:
    """Yield the jobs of a removal as they stood in their queues, by what the file says."""
    members = file.members()
    for segment in found:
        place = Place(Kind.QUEUE, segment.queue, None, segment.form)
        for raw in islice(members, segment.jobs):
            yield Entry.queued(raw, place)


def queue_sizes(store: Store, queues: Sequence[RemovedQueue]) -> dict[str, int]:
    """Return how many jobs wait in these queues, as the ledger names them."""
    lists = [(queue.name, form) for queue in queues for form in queue.forms]
    lengths = store.removing.lengths(store.removing.key(name, form) for name, form in lists)
    found: Counter[str] = Counter({f"queue:{queue.name}": 0 for queue in queues})
    for (name, _), length in zip(lists, lengths, strict=True):
        found[f"queue:{name}"] += length
    return dict(found)


def _count(choice: Mapping[str, object], key: str) -> int:
    found = choice[key]
    return found if isinstance(found, int) else 0


def _texts(choice: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = choice[key]
    return tuple(map(str, found)) if isinstance(found, list) else ()
