r"""The file of an operation: JSON lines, private, locked while in use.

A header; a line for each selected job, ``{"score":S,"job":<the member as it stands>}``; from then
on what happens to them: ``{"chosen":..}`` when choosing ended, ``{"batch":..}`` before a batch is
sent and ``{"result":..}`` after it, ``{"end":..}``. A member that is no single line of UTF-8 JSON
stands as ``{"score":S,"b64":..}``.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, islice
from pathlib import Path

from jobctl.errors import FileProblem, Refused
from jobctl.model.jsontext import dumps
from jobctl.model.operation import Header, Note
from jobctl.model.typed import typed
from jobctl.operations.lines import (
    B64,
    SCORE,
    create_own,
    is_member,
    is_plain,
    lock,
    member_lines,
    member_of,
    nameless,
    number,
    open_own,
    open_plan,
    problem,
    read_note,
    take_in,
)
from jobctl.operations.selection import LONGEST, Selection

PART = ".part"  # ends the name of a copy that is not whole yet
_HEAD = 64  # bytes; a score is shorter
_BLOCK = 256 * 1024  # bytes; a multiple of 4, as base64 is read
_WHOLE = 3 * _BLOCK  # bytes; a multiple of 3, as base64 is written
_LARGE = 4 * 1024 * 1024  # bytes
_LONGEST_HEADER = 64 * 1024 * 1024  # bytes; it names the JIDs that were typed, or many queues


class OperationFile:
    """One operation on disk. Close it, or use it in a ``with``."""

    def __init__(self, path: Path, descriptor: int, header: Header, end: int) -> None:
        self.path = path
        self.header = header
        self._descriptor = descriptor
        self._first = end  # where the selected jobs begin
        self._end = end
        self._nameless = False

    @classmethod
    def create(cls, path: Path, header: Header) -> OperationFile:
        """Make a new file.

        Raises:
            FileExistsError: there is one.
            FileProblem: it cannot be written.
        """
        made = cls(path, create_own(path), header, 0)
        made._begin()
        return made

    @classmethod
    def create_nameless(cls, directory: Path, header: Header) -> OperationFile:
        """Make a file that nobody else sees and that ends with this process, there or elsewhere.

        Raises:
            FileProblem: there is no place for it.
        """
        made = cls(directory / header.operation, nameless(directory), header, 0)
        made._nameless = True
        made._begin()
        return made

    def _begin(self) -> None:
        self.note(self.header.document())
        self._first = self._end

    @classmethod
    def open(cls, path: Path, *, write: bool = True) -> OperationFile:
        """Open a file of this user's journal; to write, it must not be in use.

        Raises:
            Refused: another jobctl works on it; or it was stopped before its header was written.
            FileProblem: it cannot be read, or is no operation of this version of jobctl.
        """
        descriptor = open_own(path, write=write)
        try:
            if write:
                lock(descriptor)
            opened = cls._read(path, descriptor)
            if opened is None:
                raise Refused(
                    f"operation {path.stem} was stopped before anything was chosen: "
                    "nothing was changed",
                    hint="run its command again",
                )
            if opened.header.operation != path.stem:
                raise FileProblem(f"{path} is the file of {opened.header.operation}, renamed")
            if write and os.pread(descriptor, 1, opened._end - 1) != b"\n":
                opened._append(b"\n")  # a line that was cut off stands alone from now on
        except BlockingIOError:
            os.close(descriptor)
            raise Refused(
                f"another jobctl is working on {path.stem}", hint="wait for it, or stop it"
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        return opened

    @classmethod
    def open_plan(cls, path: Path) -> OperationFile:
        """Open a plan to read it: anybody's, also one that comes out of a pipe.

        Raises:
            FileProblem: it cannot be read, or is no plan of this version of jobctl.
        """
        descriptor = open_plan(path)
        try:
            opened = cls._read(path, descriptor)
            if opened is None:
                raise FileProblem(f"{path} is no plan: it is empty, or was cut off")
        except BaseException:
            os.close(descriptor)
            raise
        return opened

    @classmethod
    def _read(cls, path: Path, descriptor: int) -> OperationFile | None:
        """Read the header; None where it was never written, or not to its end."""
        with os.fdopen(os.dup(descriptor), "rb") as lines:
            lines.seek(0)
            first = lines.readline(_LONGEST_HEADER)
        if not first.endswith(b"\n") and len(first) < _LONGEST_HEADER:
            return None
        try:
            header = Header.read(first)
        except ValueError as error:
            raise FileProblem(
                f"{path} is no operation that this version of jobctl understands: {error}"
            ) from None
        opened = cls(path, descriptor, header, os.fstat(descriptor).st_size)
        opened._first = len(first)
        return opened

    def copy_to(self, path: Path) -> OperationFile:
        """Copy it, whole or not at all, and open the copy.

        Raises:
            FileExistsError: there is one by then.
            FileProblem: it cannot be written.
        """
        part = path.with_name(f"{path.stem}.{secrets.token_hex(4)}{PART}")
        copy = OperationFile(path, create_own(part), self.header, 0)
        try:
            while block := os.pread(self._descriptor, _BLOCK, copy._end):
                copy._append(block)
            copy._first = self._first
            os.link(part, path)
        except BaseException as error:
            copy.close()
            if isinstance(error, OSError) and not isinstance(error, FileExistsError):
                raise problem("make", path, error) from None
            raise
        finally:
            part.unlink()
        return copy

    def close(self) -> None:
        """Close it; the lock ends with it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def delete(self) -> None:
        """Remove the file: nobody will undo this."""
        try:
            if not self._nameless:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise problem("delete", self.path, error) from None
        self.close()

    def __enter__(self) -> OperationFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._end

    @property
    def in_use(self) -> bool:
        """Whether another jobctl works on it; only for one that was opened to be read."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        return False

    def damaged(self, what: object) -> FileProblem:
        """Return the error for contents that no jobctl has written like this."""
        return FileProblem(
            f"{self.path} is damaged: {what}", hint="it was cut off, or changed by another program"
        )

    def note(self, document: Mapping[str, object]) -> None:
        """Append a line about the operation itself."""
        self._append(dumps(document) + b"\n")

    def choose(
        self,
        members: Sequence[bytes],
        scores: Sequence[bytes],
        *,
        decoded: bool,
        selection: Selection,
    ) -> None:
        """Append members with their scores, as Redis writes them.

        Args:
            members: exact bytes.
            scores: of each, as text.
            decoded: whether each is known to be JSON.
            selection: where they are kept in memory.
        """
        if not members:
            return
        if sum(map(len, members)) > _LARGE:
            for raw, score in zip(members, scores, strict=True):
                offset, length = self._append_large(raw, score, decoded=decoded)
                selection.add([float(score)], [raw], [offset], [length])
            return
        if decoded and is_plain(members, scores):
            lines = [
                b'{"score":%b,"job":%b}\n' % pair for pair in zip(scores, members, strict=True)
            ]
            lengths = list(map(len, members))
        else:
            lines, lengths = member_lines(members, scores, decoded=decoded)
        ends = accumulate(map(len, lines), initial=self._end)
        offsets = [
            # Behind the member stand a brace and a line break.
            end - length - 2 if length else end - len(line)
            for end, length, line in zip(islice(ends, 1, None), lengths, lines, strict=True)
        ]
        self._append(b"".join(lines))
        selection.add(list(map(float, scores)), members, offsets, lengths)

    def _append_large(self, raw: bytes, score: bytes, *, decoded: bool) -> tuple[int, int]:
        """Append a large member without a copy of it; return where it stands, as `read` takes it.

        One that is not known to be JSON is not decoded to find out.
        """
        begun = self._end
        if decoded and raw.isascii() and b"\n" not in raw and len(raw) <= LONGEST:
            self._append(b'{"score":%b,"job":' % number(score))
            begun = self._end
            self._append(raw)
            self._append(b"}\n")
            return begun, len(raw)
        self._append(b'{"score":%b,"b64":"' % number(score))
        for start in range(0, len(raw), _WHOLE):
            self._append(base64.b64encode(raw[start : start + _WHOLE]))
        self._append(b'"}\n')
        return begun, 0

    def read_all(self, places: Iterable[tuple[int, int]]) -> list[bytes]:
        """Return the members that stand there, in order."""
        pread, descriptor = os.pread, self._descriptor
        return [
            pread(descriptor, length, offset) if length else self.read(offset, length)
            for offset, length in places
        ]

    def read(self, offset: int, length: int) -> bytes:
        """Return the member that stands there."""
        return os.pread(self._descriptor, length, offset) if length else self._encoded(offset)

    def flush(self) -> None:
        """Wait until it is on the disk: what does not fit is known before anything moves."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise problem("write", self.path, error) from None

    def again(self) -> Selection:
        """Return the members in the order they were found, up to where the file was cut off."""
        selection = Selection()
        begun, lines, size = self._first, list[bytes](), 0
        with os.fdopen(os.dup(self._descriptor), "rb", _BLOCK) as file:
            file.seek(self._first)
            for line in file:
                if not is_member(line):
                    break
                lines.append(line)
                size += len(line)
                del line
                if len(lines) == 1000 or size > _LARGE:
                    begun = take_in(selection, lines, begun)
                    lines, size = [], 0
        take_in(selection, lines, begun)
        return selection

    def members(self) -> Iterator[bytes]:
        """Yield the selected members in the order they were found; nothing is kept in memory."""
        with os.fdopen(os.dup(self._descriptor), "rb", _BLOCK) as file:
            file.seek(self._first)
            for line in file:
                if not is_member(line):
                    return
                yield member_of(line)

    def rewind(self) -> None:
        """Forget all but the header: the members are selected anew."""
        try:
            os.ftruncate(self._descriptor, self._first)
        except OSError as error:
            raise problem("write", self.path, error) from None
        self._end = self._first

    def notes(self) -> list[Note]:
        """Return the lines about the operation itself, in order; one that was cut off is none.

        Raises:
            FileProblem: one of them is not what a jobctl writes.
        """
        start, blocks = self._end, [b""]
        while start > self._first and SCORE not in blocks[-1]:
            size = min(_BLOCK, start - self._first)
            start -= size
            # With the beginning of the next one: what is looked for may stand in both.
            following = blocks[-1][: len(SCORE)]
            blocks[-1] = blocks[-1][len(following) :]
            blocks.append(os.pread(self._descriptor, size, start) + following)
        tail = b"".join(reversed(blocks))
        last = max(tail.rfind(b"\n" + SCORE) + 1, 0)
        if tail.startswith(SCORE, last):
            tail = tail[tail.find(b"\n", last) + 1 or len(tail) :]
        try:
            found = map(read_note, tail.splitlines())
            return [typed(Note, note, "a line") for note in found if note is not None]
        except ValueError as error:
            raise self.damaged(error) from None

    def _encoded(self, offset: int) -> bytes:
        """Return the member that stands in the line that begins there, but not as it is."""
        start = os.pread(self._descriptor, _HEAD, offset)
        offset += start.find(B64) + len(B64)
        pieces: list[bytes] = []
        ended = b""
        while not ended:
            piece, ended, _ = os.pread(self._descriptor, _BLOCK, offset).partition(b'"')
            if not (piece or ended):
                raise FileProblem(f"{self.path} has been cut off")
            offset += len(piece)
            pieces.append(base64.b64decode(piece))
        return b"".join(pieces)

    def _append(self, text: bytes) -> None:
        view = memoryview(text)
        try:
            while view:
                written = os.pwrite(self._descriptor, view, self._end)
                self._end += written
                view = view[written:]
        except OSError as error:
            raise problem("write", self.path, error) from None
