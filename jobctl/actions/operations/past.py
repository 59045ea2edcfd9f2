"""An operation that was begun: what its file, and Redis, know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from jobctl.actions.operations.acting import Told, read_batch
from jobctl.actions.operations.chosen import Chosen
from jobctl.actions.operations.file import OperationFile
from jobctl.actions.operations.same_data import holds_same_data
from jobctl.errors import Refused
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.operation import Batch
from jobctl.model.report import Report
from jobctl.model.unique_lock import Lock
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
    acknowledged: Mapping[int, Told] = field(default_factory=dict)

    @classmethod
    def noted(cls, file: OperationFile) -> Past:
        """Read a file's own notes."""
        notes = file.notes()
        choice = _last(notes, "chosen")
        form = None if choice is None else choice.get("form")
        if form is not None:
            file.header = replace(file.header, form=QueueForm(str(form)))
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
        )

    @classmethod
    def read(cls, store: Store, file: OperationFile, *, server_changed: bool = False) -> Past:
        """Read a file's notes, and the results that Redis keeps.

        Redis' results are what counts: a server that lost its last second lost the changes and
        the results alike. Only where they are old enough to be forgotten, the file's do.

        Args:
            store: the Redis.
            file: the operation's.
            server_changed: whether to go on where this Redis may hold other data than the one that
                the operation was begun on.

        Raises:
            Refused: the file is of another server, or the jobs there are not Faktory's.
        """
        past = cls.noted(file)
        if file.header.kind is not Kind.RECORDS:
            store.check_system()
        if not server_changed:
            check_server(store, file, past)
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
        return Report(
            action=action,
            target=file.header.kind.value,
            server=file.header.server,
            matched=_count(choice, "matched"),
            skipped=_count(choice, "skipped"),
            missing=_texts(choice, "missing"),
            unmatched=_texts(choice, "unmatched"),
            operation=file.header.operation,
            reason=file.header.reason,
        )


def check_server(store: Store, file: OperationFile, past: Past) -> None:
    """Check that a file is of this very database.

    ``jobctl:server`` says so. A server that lost its last second may have lost that key; at the
    same address what the operation left there tells, or what it took is where it was.

    Raises:
        Refused: it is not, or nothing tells.
    """
    header = file.header
    identity = (past.acting or {}).get("identity") or header.identity
    if identity is not None and store.operations.identity() == identity:
        return
    if str(store.target) != header.server:
        raise Refused(
            f"operation {header.operation} is of {header.server}, this is {store.target}",
            hint="give the right one with --url; nothing was changed",
        )
    if identity is None or store.operations.begun(header.operation):
        return
    if not holds_same_data(store, file, past.chosen(file)):
        raise Refused(
            f"nothing shows that {store.target} still holds the data of operation "
            f"{header.operation}: its jobctl:server is another or gone, and so are the operation's "
            f"{header.kind.thing}s; nothing was changed",
            hint="--server-changed goes on all the same: where it is other data, jobs of the old "
            "one get into it",
        )


def _forgotten(store: Store, file: OperationFile) -> bool:
    return store.server.now() - file.header.started_at > KEPT


def _last(notes: list[Note], key: str) -> Note | None:
    found = next((note[key] for note in reversed(notes) if key in note), None)
    return found if isinstance(found, dict) else None


def _acknowledged(notes: list[Note]) -> dict[int, Told]:
    """Return the places of each batch that were noted before they were acknowledged.

    Each with the unique lock that its job had. Where a place was noted twice, its lock may have
    been freed by the first time.
    """
    found: dict[int, dict[int, Lock | None]] = {}
    for note in notes:
        number, places, locks = (note.get(k) for k in ("acknowledging", "places", "locks"))
        if isinstance(number, int) and isinstance(places, list):
            told = found.setdefault(number, {})
            for place in places:
                lock = locks.get(str(place)) if isinstance(locks, dict) else None
                told[place] = Lock.read(lock) or told.get(place)
    return dict(found)


def _result(note: Note) -> tuple[int, str]:
    number = note["result"]
    assert isinstance(number, int)  # noqa: S101 (as acting noted it)
    return number, str(note["outcome"])


def _texts(note: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = note.get(key)
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _count(note: Mapping[str, object], key: str) -> int:
    found = note.get(key)
    return found if isinstance(found, int) else 0
