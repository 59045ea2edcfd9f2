"""Notes of what is wrong at a path of a document: they know where that stands."""

from __future__ import annotations

from jobctl.cron.document import Document, Place
from jobctl.cron.doubt import Level
from jobctl.cron.finding import Code, Finding, Stage
from jobctl.cron.scanning import Path, Scan, Spot

_NOWHERE = Spot(1, 1, 1, 1)


def finding_at(
    document: Document,
    line: int,
    column: int,
    level: Level,
    code: str,
    message: str,
    *,
    hint: str | None = None,
    entry: int | None = None,
    stage: Stage = Stage.NOTHING,
) -> Finding:
    """Return a finding at a line and column of the whole document, each from 1 on."""
    place = document.place(line, column)
    text = document.line(line)
    return Finding(
        file=place.file,
        line=place.line,
        column=place.column,
        entry=entry,
        level=level,
        code=code,
        message=message,
        hint=hint,
        at=(text, min(column - 1, len(text))),
        stage=stage,
    )


class Notes:
    """Findings as they come, each at the path of a key."""

    def __init__(self, document: Document, scan: Scan) -> None:
        """Begin without any.

        Args:
            document: what is looked at.
            scan: where its paths are.
        """
        self.document = document
        self.scan = scan
        self._found: list[tuple[tuple[int, int], Finding]] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, in order of place; at one place as they came."""
        return tuple(finding for _, finding in sorted(self._found, key=lambda note: note[0]))

    def spot(self, path: Path) -> Spot:
        """Return where a path stands; a missing one is where its table is."""
        while path and path not in self.scan.spots:
            path = path[:-1]
        return self.scan.spots.get(path, _NOWHERE)

    def key(self, path: Path) -> Place:
        """Return the place of a key or header."""
        spot = self.spot(path)
        return self.document.place(spot.line, spot.column)

    def value(self, path: Path) -> Place:
        """Return the place of a value."""
        spot = self.spot(path)
        return self.document.place(spot.value_line, spot.value_column)

    def error(
        self,
        path: Path,
        code: Code,
        message: str,
        *,
        stage: Stage,
        hint: str | None = None,
        position: int | None = None,
    ) -> None:
        """Note that a value is wrong; `position`: at which character of a string, from 0 on."""
        spot = self.spot(path)
        column = spot.value_column + (0 if position is None else 1 + position)
        self._add(path, (spot.value_line, column), Level.ERROR, code, message, hint, stage)

    def warning(self, path: Path, code: Code, message: str, *, hint: str | None = None) -> None:
        """Note that a key or its value may not be meant."""
        spot = self.spot(path)
        here = (spot.line, spot.column)
        self._add(path, here, Level.WARNING, code, message, hint, Stage.NOTHING)

    def whole(
        self, here: tuple[int, int], code: Code, message: str, *, hint: str | None = None
    ) -> None:
        """Note that a document as a whole may not be meant, at a line and column."""
        found = finding_at(self.document, *here, Level.WARNING, code, message, hint=hint)
        self._found.append((here, found))

    def _add(
        self,
        path: Path,
        here: tuple[int, int],
        level: Level,
        code: Code,
        message: str,
        hint: str | None,
        stage: Stage,
    ) -> None:
        step = path[1] if path[:1] == ("cron",) and len(path) > 1 else None
        number = step + 1 if isinstance(step, int) else None
        found = finding_at(
            self.document, *here, level, code, message, hint=hint, entry=number, stage=stage
        )
        self._found.append((here, found))
