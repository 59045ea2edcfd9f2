"""The journal: the directory of operations' files."""

from __future__ import annotations

import contextlib
import fcntl
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from jobctl.actions.operations.file import OperationFile, problem
from jobctl.errors import FileProblem, NotFound, Refused, UsageProblem
from jobctl.model.operation import Header
from jobctl.model.rows import Row
from jobctl.model.times import score_time
from jobctl.model.words import did_you_mean

KEEP_SECONDS = 30 * 86400
KEEP_BYTES = 1024**3
_ID = re.compile(r"[0-9a-f]{4,32}")
_SUFFIX = ".jsonl"


class OperationState(StrEnum):
    """How far an operation has come."""

    RUNNING = "running"  # a process works on it
    UNFINISHED = "unfinished"  # resume goes on
    DONE = "done"
    UNDOING = "undoing"  # an undo was stopped; undo and resume go on
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation in the journal.

    Attributes:
        header: what was asked for.
        path: its file.
        size: bytes.
        state: how far it has come.
        matched, done: jobs; done is None while it is not finished.
    """

    header: Header
    path: Path
    size: int
    state: OperationState
    matched: int
    done: int | None

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

    def create(self, header: Header, *, hidden: bool = False) -> OperationFile:
        """Make the file of a new operation.

        Args:
            header: its first line.
            hidden: nobody else sees it, and it ends with this process: a dry run's.

        Raises:
            FileProblem: it cannot be written.
        """
        self._make()
        made = OperationFile.create(self.directory / f"{header.operation}{_SUFFIX}", header)
        if hidden:
            made.path.unlink()
        return made

    def adopt(self, plan: Path, operation: str) -> OperationFile:
        """Copy a plan into the journal, and open the copy.

        Raises:
            Refused: it was applied before.
            FileProblem: it cannot be copied.
        """
        self._make()
        path = self.directory / f"{operation}{_SUFFIX}"
        if path.exists():
            raise Refused(
                f"this plan was applied before: it is operation {operation}",
                hint=f"jobctl journal show {operation}; make a new plan to go on",
            )
        copy = path.with_suffix(".part")
        try:
            with plan.open("rb") as source, copy.open("wb") as target:
                copy.chmod(0o600)
                shutil.copyfileobj(source, target, 1024 * 1024)
            copy.rename(path)
        except OSError as error:
            copy.unlink(missing_ok=True)
            raise problem("write", path, error) from None
        return OperationFile.open(path)

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
        return self.directory / f"{fitting[0]}{_SUFFIX}"

    def entries(self) -> list[Entry]:
        """Return the operations, newest first; what is no operation's file is left out."""
        found = (self._entry(path) for path in self._paths())
        listed = [entry for entry in found if entry is not None]
        return sorted(listed, key=lambda e: (-e.header.started_at, e.header.operation))

    def prune(self, *, older_than: float, most_bytes: int, dry_run: bool) -> list[Entry]:
        """Delete finished operations by age, then the oldest until the rest is small enough.

        Returns:
            What was, or would be, deleted. One that is unfinished or in use never is.
        """
        now = time.time()
        kept = self.entries()
        size = sum(entry.size for entry in kept)
        gone: list[Entry] = []
        for entry in reversed(kept):  # the oldest first
            old = now - entry.path.stat().st_mtime > older_than
            ended = entry.state in (OperationState.DONE, OperationState.UNDONE)
            if ended and (old or size > most_bytes):
                gone.append(entry)
                size -= entry.size
        for entry in gone:
            if not dry_run:
                entry.path.unlink(missing_ok=True)
        return gone

    def tidy(self) -> None:
        """Prune by the defaults; what cannot be deleted stays."""
        with contextlib.suppress(OSError, FileProblem):
            self.prune(older_than=KEEP_SECONDS, most_bytes=KEEP_BYTES, dry_run=False)

    def _make(self) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.directory.chmod(0o700)
        except OSError as error:
            raise problem("make", self.directory, error) from None

    def _paths(self) -> Iterator[Path]:
        try:
            paths = sorted(self.directory.iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            raise problem("read", self.directory, error) from None
        for path in paths:
            if path.suffix == _SUFFIX and _ID.fullmatch(path.stem):
                yield path

    def _entry(self, path: Path) -> Entry | None:
        try:
            with OperationFile.open(path, write=False) as file:
                return describe(file)
        except FileProblem:
            return None


def describe(file: OperationFile) -> Entry:
    """Return what the journal says of an operation."""
    notes = file.notes()
    end = next((n["end"] for n in reversed(notes) if "end" in n), None)
    done = None if end is None else _count(end, "done")
    state = _state(file.path, notes)
    return Entry(file.header, file.path, file.size, state, _matched(file.header, notes), done)


def _matched(header: Header, notes: list[dict[str, object]]) -> int:
    """Return the jobs an operation matched; of a removal that was stopped those it set out with."""
    chosen = next((note["chosen"] for note in notes if "chosen" in note), None)
    if chosen is None:
        return sum(queue.jobs for queue in header.queues)
    return _count(chosen, "matched") or 0


def _state(path: Path, notes: list[dict[str, object]]) -> OperationState:
    last = notes[-1] if notes else {}
    if "undone" in last:
        return OperationState.UNDONE
    if any("undo" in note for note in notes):
        return OperationState.RUNNING if _locked(path) else OperationState.UNDOING
    if "end" in last:
        return OperationState.DONE
    return OperationState.RUNNING if _locked(path) else OperationState.UNFINISHED


def _locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _count(document: object, key: str) -> int | None:
    found = document.get(key) if isinstance(document, dict) else None
    return found if isinstance(found, int) else None
