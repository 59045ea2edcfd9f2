r"""What a value that was typed may mean: the text as it is, or as tsv and ids lines write it.

A pipe prints ``App\Jobs\X`` as ``App\\Jobs\\X``; what it prints is what options take.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Protocol

from jobctl.errors import Refused

Pair = tuple[str, str]  # a text as it is, and its meaning as a tsv field

_FIELD = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_BACK = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
_ESCAPE = re.compile(r"\\[\\tnr]")
_IN_THE_WAY = re.compile(r"[\\\t\n\r]")


def to_field(text: str) -> str:
    r"""Return text as one field of a tsv or ids line: ``\\ \t \n \r`` written out."""
    return text.translate(_FIELD) if _IN_THE_WAY.search(text) else text


def from_field(text: str) -> str:
    """Return the text of a field of a tsv or ids line."""
    return _ESCAPE.sub(lambda found: _BACK[found[0]], text) if "\\" in text else text


def readings(text: str) -> tuple[str, ...]:
    """Return the possible meanings of a typed text: itself, and the text that tsv writes so."""
    other = from_field(text)
    return (text, other) if other != text and to_field(other) == text else (text,)


class Twofold(Protocol):
    """A test on a field with values that can be read in two ways."""

    @property
    def name(self) -> str:
        """The field."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The two readings of each such value."""

    def values(self, subject: Any, now: float) -> tuple[object, ...]:
        """Return the field's values."""


class Ambiguity:
    """Detects that both readings of a value occur: then a change must be refused."""

    def __init__(self, tests: Iterable[Twofold]) -> None:
        self._tests = {test: {text for pair in test.pairs for text in pair} for test in tests}
        self._seen: set[tuple[Twofold, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._tests)

    def see(self, subject: Any, now: float) -> None:
        """Note the values of a job or a record."""
        for test, texts in self._tests.items():
            for value in test.values(subject, now):
                if isinstance(value, str) and value in texts:
                    self._seen.add((test, value))

    def check(self) -> None:
        """Check that no value was seen in both readings.

        Raises:
            Refused: one was.
        """
        for test in self._tests:
            for pair in test.pairs:
                if all((test, text) in self._seen for text in pair):
                    raise _refusal(test, pair)


def _refusal(test: Twofold, pair: Pair) -> Refused:
    from jobctl.model.jsontext import printable_string  # only a mistake needs it

    field, (one, two) = test.name, map(printable_string, pair)
    return Refused(
        f"{field} {pair[0]} is one value as it stands and another as tsv writes it, "
        "and both are there; nothing was changed",
        hint=f"-w '{field}={one}' or -w '{field}={two}' says which",
    )
