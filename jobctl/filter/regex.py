"""Regular expressions that people type: Python's syntax, and a bound on the time they may take.

The standard re says what an expression is and what is wrong with it; the regex package runs it,
because it alone can give up. What regex would read otherwise than re is escaped before.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Protocol

from jobctl.errors import BadFilter

if TYPE_CHECKING:
    from regex import Pattern

_SECONDS = 0.1  # for one value
_STEPS = 5_000_000  # less than _SECONDS
_LARGEST = 10_000  # copies that regex makes of what is repeated so often at least
_TOKEN = re.compile(
    r"\\N\{[^}]*\}|\\."  # an escape
    r"|\(\?#[^)]*\)"  # a comment
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<repeat>(?P<group>\)?)\{(?P<least>[0-9]*)(?:,[0-9]*)?(?<!\{)\})"
    r"|(?P<brace>\{)",
    re.DOTALL,
)
# What is tried in many ways: repeats, and references. A group that is repeated has no bound that is
# easily told; neither has one with a comment, or blanks, before its repeat.
_TRIED = re.compile(r"[*+?{]|\\[1-9]")
_UNTOLD = re.compile(r"\)\s*[*+?{]|\(\?#|\(\?[a-zA-Z]*x")
_IN_A_SET = re.compile(r"(\\.)|\[", re.DOTALL)


class Named(Protocol):
    """What a value was found in."""

    @property
    def label(self) -> str:
        """What it is called in a message: job or record, and its id."""


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression as it was typed.

    Attributes:
        pattern: its text.
        option: what it was given with.
        compiled: what runs.
        harmless: characters of a text that it cannot take long with.
    """

    pattern: str
    option: str
    compiled: Pattern[str]
    harmless: int

    def found_in(self, text: str, whose: Named) -> bool:
        """Search a text of `whose`.

        Raises:
            BadFilter: it takes too long.
        """
        if len(text) <= self.harmless:  # a timeout costs more than such a search does
            return self.compiled.search(text) is not None
        try:
            return self.compiled.search(text, timeout=_SECONDS) is not None
        except TimeoutError:
            raise BadFilter(
                f"{self.option}: {self.pattern} takes longer than {_SECONDS * 1000:.0f} ms "
                f"on one text of {whose.label}; nothing was changed",
                hint="a repeat inside of a repeat, as in (a+)+, tries every way to divide a text",
            ) from None

    @property
    def finds_all(self) -> bool:
        """Whether it is found in every text: it is in the empty one."""
        return self.compiled.search("") is not None


def compile_regex(text: str, option: str, at: tuple[str, int] | None = None) -> Regex:
    """Compile one.

    Args:
        text: the expression.
        option: what it was given with, for the error.
        at: what was typed, and where in it the expression is; without it, the expression itself.

    Raises:
        BadFilter: it is none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a later Python may read otherwise: [[a]
            re.compile(text)
            return Regex(text, option, _compile(text), _harmless(text))
    except re.error as error:
        raise BadFilter(
            f"{option} is not a regular expression: {error.msg}", at=at or (text, error.pos or 0)
        ) from None
    except (OverflowError, RecursionError, MemoryError):
        raise BadFilter(f"{option} is a regular expression beyond all bounds") from None


def _harmless(text: str) -> int:
    """Return how many characters any search of this expression finds its way through quickly."""
    if _UNTOLD.search(text):
        return 0
    choices = text.count("|") if "(" in text else 0
    steps = _STEPS / len(text or " ") / 2.0 ** min(choices, 100)
    return int(steps ** (1 / (1 + len(_TRIED.findall(text)))))


def _compile(text: str) -> Pattern[str]:
    """Compile what re accepts.

    Raises:
        OverflowError: regex would copy a part of it too often.
    """
    import regex  # only who types an expression pays for it

    repeats = [found for found in _TOKEN.finditer(text) if found["repeat"]]
    groups = prod(max(1, int(each["least"] or 0)) for each in repeats if each["group"])
    single = max((int(each["least"] or 0) for each in repeats if not each["group"]), default=1)
    if groups * max(1, single) > _LARGEST:
        raise OverflowError
    try:
        return regex.compile(_TOKEN.sub(_alike, text), regex.VERSION0)
    except regex.error as error:
        raise re.error(str(error)) from None


def _alike(found: re.Match[str]) -> str:
    r"""Return a piece as regex reads it like re: no fuzzy ``{e<=1}``, no ``[[:alpha:]]``."""
    if found["brace"]:
        return r"\{"
    if not found["set"]:
        return found[0]
    head = 2 if found[0].startswith("[^") else 1
    return found[0][:head] + _IN_A_SET.sub(lambda one: one[1] or r"\[", found[0][head:])
