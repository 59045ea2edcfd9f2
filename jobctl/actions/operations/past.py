"""An operation that was begun: what its file, and Redis, know of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jobctl.actions.operations.acting import read_batch
from jobctl.actions.operations.chosen import Chosen
from jobctl.actions.operations.file import OperationFile
from jobctl.errors import Refused
from jobctl.model.layout import QueueForm
from jobctl.model.operation import Batch
from jobctl.model.report import Report
from jobctl.store.keys import KEPT
from jobctl.store.opening import Store

Note = dict[str, object]


@dataclass(frozen=True, slots=True)
class Past:
    """What was noted of an operation so far.

    Attributes:
        choice: what choosing ended with; None where it never ended.
        acting: what was decided at the beginning of acting; None before.
        batches: by number.
        results: what became of those that were applied, by number: as Redis has it.
        told: the same as the file has it: what the server answered at the time.
        end: the report it ended with.
        undo: what was noted when its undo began.
        undone: the report its undo ended with.
        undo_batches: what was noted of the undo's batches, where it noted any.
        undo_results: what became of them, as Redis has it.
        acknowledged: of a release, the jobs of each batch that the server may have been told of.
        introduced: the jobs that a server was to learn of each new queue by: queue and JIDs.
    """

    choice: Note | None
    acting: Note | None
    batches: Mapping[int, Batch]
    results: Mapping[int, str]
    told: Mapping[int, str]
    end: Note | None
    undo: Note | None
    undone: Note | None
    undo_batches: Sequence[Note] = ()
    undo_results: Mapping[str, str] = field(default_factory=dict)
    acknowledged: Mapping[int, frozenset[int]] = field(default_factory=dict)
    introduced: Mapping[str, Collection[str]] = field(default_factory=dict)

    @classmethod
    def noted(cls, file: OperationFile) -> Past:
        """Read a file's own notes."""
        notes = file.notes()
        choice = _last(notes, "chosen")
        form = None if choice is None else choice.get("form")
        named = None if choice is None else choice.get("named")
        if form is not None:
            file.header = replace(
                file.header,
                form=QueueForm(str(form)),
                named=tuple(map(str, named)) if isinstance(named, list) else (),
            )
        batches = [read_batch(note["batch"]) for note in notes if "batch" in note]
        told = dict(_result(note) for note in notes if "result" in note)
        return cls(
            choice,
            _last(notes, "acting"),
            {batch.number: batch for batch in batches},
            told,
            told,
            _last(notes, "end"),
            _last(notes, "undo"),
            _last(notes, "undone"),
            [note for n in notes if isinstance(note := n.get("undo_batch"), dict)],
            acknowledged=_acknowledged(notes),
            introduced=_introduced(notes),
        )

    @classmethod
    def read(cls, store: Store, file: OperationFile) -> Past:
        """Read a file's notes, and the results that Redis keeps.

        Redis' results are what counts: a server that lost its last second lost the changes and
        the results alike. Only where they are old enough to be forgotten, the file's do.

        Raises:
            Refused: the file is of another server.
        """
        past = cls.noted(file)
        check_server(store, file, past.acting)
        kept = store.operations.results(file.header.operation)
        if not kept and _forgotten(store, file):
            return past
        return replace(
            past,
            results={int(number): text for number, text in kept.items() if number.isdigit()},
            undo_results={number: text for number, text in kept.items() if not number.isdigit()},
        )

    def chosen(self, file: OperationFile) -> Chosen:
        """Return the members of the operation, in the order they are acted on."""
        chosen = file.again()
        chosen.settle(file.read)
        limit = (self.choice or {}).get("limit")
        chosen.cut(limit if isinstance(limit, int) else None)
        if file.header.change.front:
            chosen.backwards()
        return chosen

    def report(self, file: OperationFile, action: str) -> Report:
        """Return a report that begins with what was chosen."""
        choice = self.choice or {}
        missing = choice.get("missing")
        return Report(
            action=action,
            target=file.header.kind.value,
            server=file.header.server,
            matched=_count(choice, "matched"),
            skipped=_count(choice, "skipped"),
            missing=tuple(missing) if isinstance(missing, list) else (),
            operation=file.header.operation,
            reason=file.header.reason,
        )


def check_server(store: Store, file: OperationFile, acting: Note | None) -> None:
    """Check that a file is of this very database.

    Raises:
        Refused: it is not.
    """
    header = file.header
    identity = (acting or {}).get("identity") or header.identity
    found = store.operations.identity()
    same = str(store.target) == header.server if identity is None else found == identity
    if not same:
        raise Refused(
            f"operation {header.operation} is of {header.server}, this is {store.target}"
            + (", or what is in it was replaced" if str(store.target) == header.server else ""),
            hint="give the right one with --url; nothing was changed",
        )


def _forgotten(store: Store, file: OperationFile) -> bool:
    return store.server.now() - file.header.started_at > KEPT


def _last(notes: list[Note], key: str) -> Note | None:
    found = next((note[key] for note in reversed(notes) if key in note), None)
    return found if isinstance(found, dict) else None


def _acknowledged(notes: list[Note]) -> dict[int, frozenset[int]]:
    """Return the places of each batch that were noted before they were acknowledged."""
    found: dict[int, frozenset[int]] = {}
    for note in notes:
        number, places = note.get("acknowledging"), note.get("places")
        if isinstance(number, int) and isinstance(places, list):
            found[number] = found.get(number, frozenset()) | frozenset(places)
    return found


def _introduced(notes: list[Note]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for n in notes:
        note = n.get("introducing")
        if isinstance(note, dict):
            found.setdefault(str(note.get("queue")), set()).add(str(note.get("jid")))
    return found


def _result(note: Note) -> tuple[int, str]:
    number = note["result"]
    assert isinstance(number, int)  # noqa: S101 (as acting noted it)
    return number, str(note["outcome"])


def _count(note: Mapping[str, object], key: str) -> int:
    found = note.get(key)
    return found if isinstance(found, int) else 0
