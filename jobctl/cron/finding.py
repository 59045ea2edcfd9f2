"""What is wrong in a file of cron entries, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jobctl.cron.doubt import Level
from jobctl.model.rows import Row

KEYS = ("file", "line", "column", "entry", "level", "code", "message", "hint")


class Code(StrEnum):
    """What a finding is called for programs; those of single schedules are a doubt's."""

    UNREADABLE = "unreadable"
    NOT_UTF_8 = "not-utf-8"
    NUL_BYTE = "nul-byte"
    BYTE_ORDER_MARK = "byte-order-mark"
    TOML = "toml"
    STRAY_KEY = "stray-key"
    PLUGIN_OFF = "plugin-off"
    FLAVOUR = "flavour"
    NOT_TOML_NAME = "not-toml-name"
    NO_ENTRIES = "no-entries"
    NOT_ENTRIES = "not-entries"
    INLINE_ENTRIES = "inline-entries"
    MISSING_SCHEDULE = "missing-schedule"
    MISSING_JOB = "missing-job"
    MISSING_TYPE = "missing-type"
    WRONG_TYPE = "wrong-type"
    NOT_A_NUMBER = "not-a-number"
    BAD_SCHEDULE = "bad-schedule"
    EMPTY_TYPE = "empty-type"
    BAD_QUEUE = "bad-queue"
    BAD_RESERVE = "bad-reserve"
    BAD_AT = "bad-at"
    BAD_EXPIRY = "bad-expiry"
    BAD_UNIQUE = "bad-unique"
    FIXED_AT = "fixed-at"
    ODD_RESERVE = "odd-reserve"
    ODD_RETRY = "odd-retry"
    ODD_EXPIRY = "odd-expiry"
    ODD_BATCH = "odd-batch"
    NO_EFFECT = "no-effect"
    CHANGED_NUMBER = "changed-number"
    UNKNOWN_KEY = "unknown-key"
    OTHER_CASE = "other-case"
    OVERWRITTEN = "overwritten"
    DUPLICATE = "duplicate"
    SAME_INSTANT = "same-instant"


class Stage(StrEnum):
    """What of the server a finding stops, in the order in which it comes to it."""

    DOCUMENT = "document"  # it cannot read its configuration at all
    ENTRY = "entry"  # an entry is not what it should be
    SCHEDULE = "schedule"  # an entry's schedule is refused
    CRASH = "crash"  # an entry's schedule kills it, also at a reload
    NOTHING = "nothing"  # it starts, whatever comes of it later


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or may not be meant.

    Attributes:
        file: the file it is in; None for an expression of the command line.
        line: in that file, from 1 on.
        column: in characters, from 1 on.
        entry: the number of the entry in its document, from 1 on.
        level: an error, or a warning.
        code: its name for programs: ``bad-schedule``.
        message: its name for people.
        hint: what to do about it.
        at: the text of the line, and the position in it, from 0 on, for a caret.
        stage: what it stops.
    """

    file: str | None
    line: int | None
    column: int | None
    entry: int | None
    level: Level
    code: str
    message: str
    hint: str | None = None
    at: tuple[str, int] | None = None
    stage: Stage = Stage.NOTHING

    def row(self) -> Row:
        """Return its row, under `KEYS`."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "entry": self.entry,
            "level": self.level.value,
            "code": str(self.code),
            "message": self.message,
            "hint": self.hint,
        }

    @property
    def is_error(self) -> bool:
        """Whether it is an error."""
        return self.level is Level.ERROR


def unreadable(path: str, message: str, hint: str | None) -> Finding:
    """Return the finding of a file that cannot be read."""
    message = message.removeprefix(f"{path}: ")
    return Finding(
        path, None, None, None, Level.ERROR, Code.UNREADABLE, message, hint, stage=Stage.DOCUMENT
    )


def never_read(path: str) -> Finding:
    """Return the finding of a file with entries that the server passes over."""
    message = "the server does not read this file, and there are entries in it"
    hint = "it reads conf.d/*.toml alone"
    return Finding(path, None, None, None, Level.WARNING, Code.NOT_TOML_NAME, message, hint)
