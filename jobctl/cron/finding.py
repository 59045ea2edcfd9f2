"""A finding: what is wrong in a file of cron entries or in a schedule, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from jobctl.cron.files import Document, FilePlace, Unfit
from jobctl.cron.toml import Parsed, Path
from jobctl.model.rows import Row

FINDING_KEYS = ("file", "line", "column", "entry", "level", "code", "message", "hint")


class Level(StrEnum):
    """How bad it is: an error stops the server, or what is asked for never happens."""

    ERROR = "error"
    WARNING = "warning"


class Stage(StrEnum):
    """The step of the server's start that a finding stops, in their order."""

    DOCUMENT = "document"  # it cannot read its configuration at all
    ENTRY = "entry"  # an entry is not what it should be
    SCHEDULE = "schedule"  # an entry's schedule is refused
    CRASH = "crash"  # an entry's schedule kills it, also at a reload
    NOTHING = "nothing"  # it starts, whatever comes of it later


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or may not be meant.

    Attributes:
        level: an error, or a warning.
        code: its name for programs, as docs/cron.md lists them: ``bad-schedule``.
        message: its name for people.
        hint: what to do about it.
        file: the file it is in; None for a schedule of the command line.
        line: in that file, from 1 on.
        column: in characters, from 1 on.
        entry: the number of the entry in its document, from 1 on.
        at: the text of the line, and the position in it, from 0 on, for a caret.
        stage: what it stops.
    """

    level: Level
    code: str
    message: str
    hint: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    entry: int | None = None
    at: tuple[str, int] | None = None
    stage: Stage = Stage.NOTHING

    @classmethod
    def in_schedule(
        cls,
        text: str,
        level: Level,
        code: str,
        message: str,
        hint: str | None = None,
        position: int | None = None,
    ) -> Finding:
        """Make one of a schedule's text; `position`: where in it, None where it is the whole."""
        column = None if position is None else position + 1
        return cls(level, code, message, hint, column=column, at=(text, position or 0))

    def row(self) -> Row:
        """Return its row, under `FINDING_KEYS`."""
        row: Row = {key: getattr(self, key) for key in FINDING_KEYS}
        return row | {"level": self.level.value}

    @property
    def is_error(self) -> bool:
        """Whether it is an error."""
        return self.level is Level.ERROR


def unreadable(path: str, message: str, hint: str | None) -> Finding:
    """Return the finding of a file that cannot be read."""
    message = message.removeprefix(f"{path}: ")
    return Finding(Level.ERROR, "unreadable", message, hint, path, stage=Stage.DOCUMENT)


def never_read(path: str) -> Finding:
    """Return the finding of a file with entries that the server passes over."""
    message = "the server does not read this file, and there are entries in it"
    return Finding(Level.WARNING, "not-toml-name", message, "it reads conf.d/*.toml alone", path)


def unfit_finding(document: Document, unfit: Unfit) -> Finding:
    """Return the finding of a document that the server cannot read."""
    finding = Finding(Level.ERROR, unfit.code, unfit.message, unfit.hint, stage=Stage.DOCUMENT)
    return _placed(document, unfit.line, unfit.column, finding)


def _placed(document: Document, line: int, column: int, finding: Finding) -> Finding:
    """Return a finding with its place: a line and column of the whole document."""
    place, text = document.place(line, column), document.line(line)
    return replace(
        finding,
        file=place.file,
        line=place.line,
        column=place.column,
        at=(text, min(column - 1, len(text))),
    )


class Notes:
    """Findings of a document as they come, each at the path of a key."""

    def __init__(self, parsed: Parsed) -> None:
        """Begin without any; `parsed` tells where paths stand."""
        self.document = parsed.document
        self.scan = parsed.scan
        self._found: list[tuple[tuple[int, int], Finding]] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, in order of place; at one place as they came."""
        return tuple(finding for _, finding in sorted(self._found, key=lambda note: note[0]))

    def key(self, path: Path) -> FilePlace:
        """Return the place of a key or header."""
        spot = self.scan.spot(path)
        return self.document.place(spot.line, spot.column)

    def error(
        self,
        path: Path,
        code: str,
        message: str,
        hint: str | None = None,
        *,
        stage: Stage = Stage.NOTHING,
        position: int | None = None,
    ) -> None:
        """Note that a value is wrong; `position`: at which character of a string, from 0 on."""
        spot = self.scan.spot(path)
        column = spot.value_column + (0 if position is None else 1 + position)
        finding = Finding(Level.ERROR, code, message, hint, entry=_entry(path), stage=stage)
        self._add(spot.line, column, finding)

    def warning(self, path: Path, code: str, message: str, hint: str | None = None) -> None:
        """Note that a key or its value may not be meant."""
        spot = self.scan.spot(path)
        finding = Finding(Level.WARNING, code, message, hint, entry=_entry(path))
        self._add(spot.line, spot.column, finding)

    def whole(self, line: int, column: int, code: str, message: str, hint: str) -> None:
        """Note that a document as a whole may not be meant."""
        self._add(line, column, Finding(Level.WARNING, code, message, hint))

    def of_schedule(self, entry: int, findings: Iterable[Finding]) -> None:
        """Note findings of the text of an entry's schedule, each at its place there."""
        spot = self.scan.spot(("cron", entry - 1, "schedule"))
        for each in findings:
            inside = spot.plain and each.column is not None
            column = spot.value_column + (each.column or 0 if inside else 0)
            self._add(spot.line, column, replace(each, entry=entry))

    def _add(self, line: int, column: int, finding: Finding) -> None:
        self._found.append(((line, column), _placed(self.document, line, column, finding)))


def _entry(path: Path) -> int | None:
    """Return the number of the entry that a path is of."""
    step = path[1] if path[:1] == ("cron",) and len(path) > 1 else None
    return step + 1 if isinstance(step, int) else None
