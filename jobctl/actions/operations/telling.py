"""What an operation's file tells, without a server."""

from __future__ import annotations

from collections.abc import Iterator

from jobctl.actions.operations.file import OperationFile
from jobctl.actions.operations.journal import describe
from jobctl.actions.operations.past import Past
from jobctl.actions.operations.preparing import Preparer
from jobctl.actions.operations.tally import done_places
from jobctl.model.entry import Entry
from jobctl.model.layout import FAKTORY
from jobctl.model.operation import Outcome
from jobctl.model.rows import Row, listing_row

JOB_KEYS = ("jid", "jobtype", "queue", "at", "outcome")
_WORDS = {
    Outcome.DONE: "done",
    Outcome.MERGED: "done",
    Outcome.GONE: "gone",
    Outcome.FAILED: "failed",
}
_LISTED = ("jid", "jobtype", "queue", "at")


def tell(file: OperationFile) -> dict[str, object]:
    """Return what is known of an operation: what was asked for, and what became of it."""
    past = Past.noted(file)
    header, end = file.header, past.end or {}
    return describe(file).row() | {
        "gone": end.get("gone"),
        "failed": end.get("failed"),
        "skipped": (past.choice or {}).get("skipped"),
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
        "undone": (past.undone or {}).get("done"),
        "file": str(file.path),
    }


def outcomes(file: OperationFile) -> Iterator[Row]:
    """Yield a row for each chosen job, in the order they are acted on; outcome null: not yet."""
    past = Past.noted(file)
    chosen = past.chosen(file)
    preparer = Preparer(file, chosen, FAKTORY)
    known: dict[int, str] = {}
    for number, batch in sorted(past.batches.items()):
        if number in past.results:
            found = done_places(preparer.outline(batch), past.results[number])
            for outcome, places in found.items():
                known.update(dict.fromkeys(places, _WORDS[outcome]))
    for place in range(len(chosen)):
        ((raw, score),) = preparer.scored(place, 1)
        entry = Entry.scored(raw, score, file.header.kind, FAKTORY)
        yield listing_row(entry, _LISTED) | {"outcome": known.get(place)}
