"""Describe an operation from its file alone, without a server."""

from __future__ import annotations

from collections.abc import Iterator

from jobctl.model.entry import Entry, Place, listing_row
from jobctl.model.layout import Kind
from jobctl.model.operation import EndNote, Outcome
from jobctl.model.rows import Row
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import describe
from jobctl.operations.state import State
from jobctl.operations.subjects import subject_of
from jobctl.operations.subjects.conclude import removed_entries
from jobctl.operations.subjects.jobs import LISTED
from jobctl.systems.registry import support_of

_JOB_KEYS = (*LISTED, "outcome")
_RECORD_KEYS = ("id", "state", "job_name", "recorded_at", "outcome")
_WORDS = {
    Outcome.DONE: "done",
    Outcome.MERGED: "done",
    Outcome.GONE: "gone",
    Outcome.FAILED: "failed",
}


def tell(file: OperationFile) -> dict[str, object]:
    """Return what is known of an operation: what was asked for, and what became of it."""
    state = State.noted(file)
    header = file.header
    end: EndNote = state.end or {"done": 0}
    return describe(file).row() | {
        "gone": end.get("gone"),
        "failed": end.get("failed"),
        "skipped": None if state.selected is None else state.selected.get("skipped"),
        "server": header.server,
        "faktory": header.faktory,
        "context": header.context,
        "filter": header.where,
        "settings": header.change.settings(),
        "reason": header.reason,
        "who": header.who,
        "host": header.host,
        "argv": list(header.argv),
        "before": end.get("before"),
        "after": end.get("after"),
        "undone": None if state.undone is None else state.undone["done"],
        "file": str(file.path),
    }


def outcome_keys(file: OperationFile) -> tuple[str, ...]:
    """Return the keys of the rows of `outcomes`; the first one is the id."""
    return _RECORD_KEYS if file.header.kind is Kind.RECORDS else _JOB_KEYS


def outcomes(file: OperationFile) -> Iterator[Row]:
    """Yield a row for each selected job, in the order they are changed; outcome null: not yet."""
    state = State.noted(file)
    if file.header.change.verb.row.on_queues:
        yield from _removed(file, state)
        return
    selection = state.selection(file)
    subject = subject_of(file, selection, support_of().layout)
    known: dict[int, str] = {}
    for number, batch in sorted(state.batches.items()):
        if number in state.results:
            found = subject.outline(batch).places(state.results[number])
            for outcome, places in found.items():
                known.update(dict.fromkeys(places, _WORDS[outcome]))
    for place in range(len(selection)):
        yield subject.row(place) | {"outcome": known.get(place)}


def _removed(file: OperationFile, state: State) -> Iterator[Row]:
    """Yield a row for each job of queues that were removed, in the order they would have run."""
    if state.selected is None:  # it was stopped while they were written: whose are they?
        for raw in file.members():
            entry = Entry.queued(raw, Place(Kind.QUEUE), support_of().layout)
            yield listing_row(entry, LISTED) | {"outcome": None}
        return
    found = state.selected.get("segments", [])
    back = {segment.queue for segment in found if segment.back}
    for entry in removed_entries(file, found):
        place = entry.place
        outcome = Outcome.FAILED if place.queue in back else Outcome.DONE
        yield listing_row(entry, LISTED) | {"queue": place.queue, "outcome": _WORDS[outcome]}
