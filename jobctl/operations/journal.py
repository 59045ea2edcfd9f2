"""The journal: the directory of operations' files."""

from __future__ import annotations

import contextlib
import os
import random
import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from jobctl.backend import Backend
from jobctl.errors import FileProblem, JobctlError, NotFound, Refused, UsageProblem
from jobctl.model.entry import Entry, Place, listing_row
from jobctl.model.layout import Kind
from jobctl.model.operation import OPERATION_ID, EndNote, Header, Note, Outcome
from jobctl.model.rows import Row
from jobctl.model.times import score_time
from jobctl.model.words import did_you_mean
from jobctl.operations.file import PART, OperationFile
from jobctl.operations.history import History
from jobctl.operations.lines import problem
from jobctl.operations.subjects import subject_of
from jobctl.operations.subjects.conclude import removed_entries
from jobctl.operations.subjects.jobs import LISTED
from jobctl.systems.registry import support_of

KEEP_SECONDS = 30 * 86400
KEEP_BYTES = 1024**3
_ID = re.compile(r"[0-9a-f]{4,8}")  # or the beginning of one
_SUFFIX = ".jsonl"
_LEFT = 86400  # seconds after which nobody will finish a file
_LOOKS = 20  # files that a change opens at most to see whether they can go

File = tuple[Path, os.stat_result]


class OperationState(StrEnum):
    """How far an operation has come."""

    RUNNING = "running"  # a process works on it
    UNFINISHED = "unfinished"  # resume goes on
    DONE = "done"
    UNDOING = "undoing"  # an undo was stopped; undo and resume go on
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An operation in the journal.

    Attributes:
        header: what was asked for.
        path: its file.
        state: how far it has come.
        matched, done: jobs; done is None while it is not finished.
    """

    header: Header
    path: Path
    state: OperationState
    matched: int
    done: int | None

    @property
    def ended(self) -> bool:
        """Whether it is finished, or undone."""
        return self.state in (OperationState.DONE, OperationState.UNDONE)

    def row(self) -> Row:
        """Return it under its JSON keys."""
        return {
            "operation": self.header.operation,
            "action": self.header.change.verb.value,
            "target": self.header.kind.value,
            "state": self.state.value,
            "started_at": score_time(self.header.started_at),
            "matched": self.matched,
            "done": self.done,
        }


class Journal:
    """A directory of operations, made when the first one comes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def of(cls, backend: Backend) -> Journal:
        """Return the journal of what is done to a backend.

        Raises:
            UsageProblem: it was opened without a directory for its operations.
        """
        directory = backend.scope.operations_directory
        if directory is None:
            raise UsageProblem("this store was opened without a directory for its operations")
        return cls(directory)

    def create(self, header: Header, *, hidden: bool = False) -> OperationFile:
        """Make the file of a new operation.

        Args:
            header: its first line.
            hidden: nobody else sees it, and it ends with this process: a dry run's.

        Raises:
            FileProblem: it cannot be written.
        """
        if hidden:
            return OperationFile.create_nameless(self.directory, header)
        self._make()
        return OperationFile.create(self._path(header.operation), header)

    def adopt(self, planned: OperationFile) -> OperationFile:
        """Copy a plan into the journal; of two who do that at once, one succeeds.

        Raises:
            Refused: it was applied before, or is just now.
            FileProblem: it cannot be copied.
        """
        self._make()
        operation = planned.header.operation
        try:
            return planned.copy_to(self._path(operation))
        except FileExistsError:
            raise Refused(
                f"this plan was applied before, or is being applied: it is operation {operation}",
                hint=f"jobctl journal show {operation}; make a new plan to go on",
            ) from None

    def open(self, name: str, *, write: bool = True) -> OperationFile:
        """Open an operation by its id, or the beginning of one.

        Raises:
            NotFound: there is none.
            UsageProblem: it is no id, or several begin like it.
        """
        return OperationFile.open(self.find(name), write=write)

    def find(self, name: str) -> Path:
        """Return the file of an operation.

        Raises:
            NotFound: there is none.
            UsageProblem: it is no id, or several begin like it.
        """
        if _ID.fullmatch(name) is None:
            raise UsageProblem(
                f"{name!r} is no id of an operation", hint="they look like 7f3a09c2: journal ls"
            )
        names = sorted(path.stem for path in self._paths())
        fitting = [known for known in names if known.startswith(name)]
        if len(fitting) > 1:
            raise UsageProblem(f"{name} is the beginning of {', '.join(fitting)}")
        if not fitting:
            hint = did_you_mean(name, names[:20]) if names else f"{self.directory} has none"
            raise NotFound(f"there is no operation {name}", hint=hint)
        return self._path(fitting[0])

    def entries(
        self, unreadable: Callable[[JobctlError], None] | None = None
    ) -> list[JournalEntry]:
        """Return the operations, newest first; `unreadable` hears why a file cannot be read."""
        listed: list[JournalEntry] = []
        for path in sorted(self._paths()):
            found = _entry(path)
            if isinstance(found, JournalEntry):
                listed.append(found)
            elif unreadable is not None:
                unreadable(found)
        return sorted(listed, key=lambda e: (-e.header.started_at, e.header.operation))

    def prune(self, *, older_than: float, most_bytes: int, dry_run: bool) -> list[JournalEntry]:
        """Delete finished operations by age, then the oldest until the rest is small enough.

        Returns:
            What was, or would be, deleted. One that is unfinished or in use never is.
        """
        gone = self._old(self._files(sweep=not dry_run), older_than, most_bytes)
        for entry in gone:
            if not dry_run:
                _delete(entry.path)
        return gone

    def tidy(self) -> None:
        """Prune by the defaults, a few at a time; what cannot be deleted stays."""
        with contextlib.suppress(FileProblem):
            files = self._files(sweep=True)
            size = sum(found.st_size for _, found in files)
            meant: list[File] = []
            for path, found in files:
                if not _is_old(found, KEEP_SECONDS) and size <= KEEP_BYTES:
                    break
                meant.append((path, found))
                size -= found.st_size
            # Not always the oldest ones: unfinished ones stay, and would hide the rest for ever.
            some = sorted(random.sample(range(len(meant)), min(len(meant), _LOOKS)))
            for entry in self._old([meant[i] for i in some], KEEP_SECONDS, -1):
                _delete(entry.path)

    def _old(self, files: Sequence[File], older_than: float, most_bytes: int) -> list[JournalEntry]:
        """Return the finished ones of files that are old, or beyond so many bytes in all."""
        size = sum(found.st_size for _, found in files)
        gone: list[JournalEntry] = []
        for path, found in files:
            if not _is_old(found, older_than) and size <= most_bytes:
                break
            entry = _entry(path)
            if isinstance(entry, JournalEntry) and entry.ended:
                gone.append(entry)
                size -= found.st_size
        return gone

    def _make(self) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.directory.chmod(0o700)
        except OSError as error:
            raise problem("make", self.directory, error) from None

    def _path(self, operation: str) -> Path:
        return self.directory / f"{operation}{_SUFFIX}"

    def _inside(self) -> list[Path]:
        try:
            return list(self.directory.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise problem("read", self.directory, error) from None

    def _paths(self) -> list[Path]:
        return list(filter(_is_operation, self._inside()))

    def _files(self, *, sweep: bool) -> list[File]:
        """Return the files with what the system says of them, the oldest first.

        Args:
            sweep: delete what a process left that was killed: half of a copy, an empty file.
        """
        files: list[File] = []
        for path in self._inside():
            with contextlib.suppress(OSError):  # it was deleted meanwhile, or cannot be
                found = path.lstat()
                whole = _is_operation(path)
                half = stat.S_ISREG(found.st_mode) and (
                    path.suffix == PART or (whole and not found.st_size)
                )
                if sweep and half and _is_old(found, _LEFT):
                    path.unlink()
                elif whole:
                    files.append((path, found))
        return sorted(files, key=lambda file: (file[1].st_mtime, file[0]))


def _is_operation(path: Path) -> bool:
    return path.suffix == _SUFFIX and OPERATION_ID.fullmatch(path.stem) is not None


def _is_old(found: os.stat_result, seconds: float) -> bool:
    return time.time() - found.st_mtime > seconds


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise problem("delete", path, error) from None


def _entry(path: Path) -> JournalEntry | JobctlError:
    """Return an operation, or why its file cannot be read."""
    try:
        with OperationFile.open(path, write=False) as file:
            return describe(file)
    except (FileProblem, Refused) as error:
        return error


def describe(file: OperationFile) -> JournalEntry:
    """Return what the journal says of an operation.

    Raises:
        FileProblem: its file is damaged.
    """
    notes = file.notes()
    end = next((n["end"] for n in reversed(notes) if "end" in n), None)
    chosen = next((n["chosen"] for n in notes if "chosen" in n), None)
    if chosen is not None:
        matched = chosen["matched"]
    else:  # of a removal that was stopped those that it set out with
        matched = sum(queue.jobs for queue in file.header.queues)
    done = None if end is None else end["done"]
    return JournalEntry(file.header, file.path, _state(file, notes), matched, done)


def _state(file: OperationFile, notes: Sequence[Note]) -> OperationState:
    last: Note = notes[-1] if notes else {}
    if "undone" in last:
        return OperationState.UNDONE
    if any("undo" in note for note in notes):
        return OperationState.RUNNING if file.in_use else OperationState.UNDOING
    if "end" in last:
        return OperationState.DONE
    return OperationState.RUNNING if file.in_use else OperationState.UNFINISHED


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
    state = History.noted(file)
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
    state = History.noted(file)
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


def _removed(file: OperationFile, state: History) -> Iterator[Row]:
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
