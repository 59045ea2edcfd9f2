r"""The file of an operation: JSON lines, private, locked while in use.

A header; a line for each chosen job, ``{"score":S,"job":<the member as it stands>}``; from then
on what happens to them: ``{"chosen":..}`` when choosing ended, ``{"batch":..}`` before a batch is
sent and ``{"result":..}`` after it, ``{"end":..}``. A member that is no single line of UTF-8 JSON
stands as ``{"score":S,"b64":..}``.
"""

from __future__ import annotations

import base64
import fcntl
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path

from jobctl.actions.operations.chosen import LONGEST, Chosen
from jobctl.actions.operations.lines import all_plain, lines_of, number
from jobctl.errors import FileProblem, Refused
from jobctl.model.jsontext import dumps, loads_own
from jobctl.model.operation import Header

_SCORE = b'{"score":'
_B64 = b'"b64":"'
_HEAD = 64  # bytes; a score is shorter
_BLOCK = 256 * 1024  # bytes; a multiple of 4, as base64 is read
_WHOLE = 3 * _BLOCK  # bytes; a multiple of 3, as base64 is written
_LARGE = 4 * 1024 * 1024  # bytes


class OperationFile:
    """One operation on disk. Close it, or use it in a ``with``."""

    def __init__(self, path: Path, descriptor: int, header: Header, end: int) -> None:
        self.path = path
        self.header = header
        self._descriptor = descriptor
        self._first = end  # where the chosen jobs begin
        self._end = end

    @classmethod
    def create(cls, path: Path, header: Header) -> OperationFile:
        """Make a new file.

        Raises:
            FileExistsError: there is one.
            FileProblem: it cannot be written.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileExistsError:
            raise
        except OSError as error:
            raise problem("make", path, error) from None
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made = cls(path, descriptor, header, 0)
        made.note(header.document())
        made._first = made._end
        return made

    @classmethod
    def open(cls, path: Path, *, write: bool = True) -> OperationFile:
        """Open a file that is there; to write, it must not be in use.

        Raises:
            Refused: another jobctl works on it.
            FileProblem: it cannot be read, or is no operation of this version of jobctl.
        """
        try:
            descriptor = os.open(path, os.O_RDWR if write else os.O_RDONLY)
        except OSError as error:
            raise problem("open", path, error) from None
        try:
            if write:
                _lock(descriptor)
            with os.fdopen(os.dup(descriptor), "rb") as lines:
                lines.seek(0)
                first = lines.readline()
            header = Header.read(first)
            if header is None:
                raise FileProblem(f"{path} is no operation that this version of jobctl understands")
            end = os.fstat(descriptor).st_size
            whole = end == 0 or os.pread(descriptor, 1, end - 1) == b"\n"
        except BlockingIOError:
            os.close(descriptor)
            raise Refused(
                f"another jobctl is working on {path.stem}", hint="wait for it, or stop it"
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        opened = cls(path, descriptor, header, end)
        opened._first = len(first)
        if write and not whole:  # a line that was cut off stands alone from now on
            opened._append(b"\n")
        return opened

    def close(self) -> None:
        """Close it; the lock ends with it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def delete(self) -> None:
        """Remove the file: nobody will undo this."""
        self.path.unlink(missing_ok=True)
        self.close()

    def __enter__(self) -> OperationFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._end

    def note(self, document: dict[str, object]) -> None:
        """Append a line about the operation itself."""
        self._append(dumps(document) + b"\n")

    def choose(
        self, members: Sequence[bytes], scores: Sequence[bytes], *, decoded: bool, chosen: Chosen
    ) -> None:
        """Append members with their scores, as Redis writes them.

        Args:
            members: exact bytes.
            scores: of each, as text.
            decoded: whether each is known to be JSON.
            chosen: where they are kept in mind.
        """
        if not members:
            return
        if sum(map(len, members)) > _LARGE:
            for raw, score in zip(members, scores, strict=True):
                offset, length = self._append_large(raw, score, decoded=decoded)
                chosen.add([float(score)], [raw], [offset], [length])
            return
        if decoded and all_plain(members, scores):
            lines = [
                b'{"score":%b,"job":%b}\n' % pair for pair in zip(scores, members, strict=True)
            ]
            lengths = list(map(len, members))
        else:
            lines, lengths = lines_of(members, scores, decoded=decoded)
        ends = accumulate(map(len, lines), initial=self._end)
        offsets = [
            # Behind the member stand a brace and a line break.
            end - length - 2 if length else end - len(line)
            for end, length, line in zip(islice(ends, 1, None), lengths, lines, strict=True)
        ]
        self._append(b"".join(lines))
        chosen.add(list(map(float, scores)), members, offsets, lengths)

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

    def again(self) -> Chosen:
        """Return what was chosen, in the order it was found."""
        chosen = Chosen()
        begun, lines, size = self._first, list[bytes](), 0
        with os.fdopen(os.dup(self._descriptor), "rb", _BLOCK) as file:
            file.seek(self._first)
            for line in file:
                if not line.startswith(_SCORE):
                    break
                lines.append(line)
                size += len(line)
                del line
                if len(lines) == 1000 or size > _LARGE:
                    begun = _take_in(chosen, lines, begun)
                    lines, size = [], 0
        _take_in(chosen, lines, begun)
        return chosen

    def members(self) -> Iterator[bytes]:
        """Yield what was chosen, in the order it was found; nothing is kept in mind."""
        with os.fdopen(os.dup(self._descriptor), "rb", _BLOCK) as file:
            file.seek(self._first)
            for line in file:
                if not line.startswith(_SCORE):
                    return
                yield _member(line)

    def rewind(self) -> None:
        """Forget all but the header: what was chosen is chosen anew."""
        try:
            os.ftruncate(self._descriptor, self._first)
        except OSError as error:
            raise problem("write", self.path, error) from None
        self._end = self._first

    def notes(self) -> list[dict[str, object]]:
        """Return the lines about the operation itself, in order; one that was cut off is none."""
        start, pieces, seam = self._end, list[bytes](), b""
        while start > self._first and _SCORE not in seam:
            size = min(_BLOCK, start - self._first)
            start -= size
            pieces.append(os.pread(self._descriptor, size, start))
            seam = pieces[-1] + seam[: len(_SCORE)]
        tail = b"".join(reversed(pieces))
        last = max(tail.rfind(b"\n" + _SCORE) + 1, 0)
        if tail.startswith(_SCORE, last):
            tail = tail[tail.find(b"\n", last) + 1 or len(tail) :]
        found = map(_note, tail.splitlines())
        return [note for note in found if note is not None]

    def _encoded(self, offset: int) -> bytes:
        """Return the member that stands in the line that begins there, but not as it is."""
        start = os.pread(self._descriptor, _HEAD, offset)
        offset += start.find(_B64) + len(_B64)
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


def problem(verb: str, path: Path, error: OSError) -> FileProblem:
    """Return the error for what the system said about a file."""
    return FileProblem(
        f"cannot {verb} the operation's file {path}: {error.strerror or error}",
        hint="is the disk full? XDG_STATE_HOME says where these files go",
    )


def _lock(descriptor: int) -> None:
    """Lock a file; whoever only looks whether it is locked does so for an instant."""
    for _ in range(5):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(0.02)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _take_in(chosen: Chosen, lines: Sequence[bytes], offset: int) -> int:
    """Add the members of lines, and return where the next line stands."""
    members, offsets, lengths = list[bytes](), list[int](), list[int]()
    for line in lines:
        raw = _member(line)
        plain = _verbatim(line)
        members.append(raw)
        offsets.append(offset + len(line) - len(raw) - 2 if plain else offset)
        lengths.append(len(raw) if plain else 0)
        offset += len(line)
    chosen.add([float(_score(line)) for line in lines], members, offsets, lengths)
    return offset


def _score(line: bytes) -> bytes:
    return line[len(_SCORE) : line.index(b",", len(_SCORE), 64)].strip(b'"')


def _verbatim(line: bytes) -> bool:
    """Tell whether the member stands in its line as it is."""
    return line.startswith(b'"job":', line.index(b",", len(_SCORE), 64) + 1)


def _member(line: bytes) -> bytes:
    start = line.index(b",", len(_SCORE), 64)
    return line[start + 7 : -2] if _verbatim(line) else base64.b64decode(line[start + 8 : -3])


def _note(line: bytes) -> dict[str, object] | None:
    """Decode a line; None for one that was cut off when the disk was full or the power failed."""
    try:
        note = loads_own(line)
    except ValueError:
        return None
    return note if isinstance(note, dict) else None
