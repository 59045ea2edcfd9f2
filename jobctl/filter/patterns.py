r"""Patterns: globs and tests of raw members that come before decoding, and regular expressions.

JSON may spell any character as ``\u00XX``. The patterns made here let every spelling through, and a
few members too many; the test of the decoded field decides.

Of a regular expression the standard re says whether it is one and what is wrong with it; the regex
package runs it, because it alone can give up. What regex would read otherwise is escaped before.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Protocol

from jobctl.errors import BadFilter
from jobctl.model.jsontext import dumps

if TYPE_CHECKING:
    from regex import Pattern


_SPECIAL = re.compile(rb"([*?\[\]\\^-])")
_DEEPEST = 1000  # stars that Redis follows; a pattern with more matches nothing
# Characters that JSON spells either as themselves or as \u00XX (not \" \\ \/ \n, nor UTF-8).
_PLAIN = re.compile(r"[A-Za-z0-9 !#$%&'()*+,.:;<=>?@\[\]^_`{|}~-]+")
_HEX_CLASS = 6  # \u00XX: what a literal and an escape can have in common is this long
_MANY = 8
# A text that may stand for a JSON number of another spelling: 100000.0 is 1e5.
_FRACTION = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_JID_FIELD = re.compile(rb'"jid"\s*:\s*(?:"([^"\\]*)"|([^\s"\[\]{},]+))')


def match_pattern(text: str, *, quoted: bool = True) -> bytes | None:
    r"""Return a MATCH that lets through every member holding this text, however it is spelled.

    Redis' globs know no "or", but their classes do, place by place: ``[a\\][bu][c0][d0]..``
    matches both ``abcd`` and ``\u00``, so a few characters of the text are enough to keep
    nearly everything else on the server. A quote before them saves it half of the work: it goes on
    only where a string begins. None when the text has no plain character.

    Args:
        text: what a field equals: the whole of a JSON string, or of a number.
        quoted: whether the member is sound; else the text may stand anywhere in it.
    """
    if not _PLAIN.search(text) or _other_number(text):
        return None
    begun = _PLAIN.match(text)
    if not quoted or begun is None or text in ("true", "false") or _FRACTION.fullmatch(text):
        return b"*" + _gram(text) + b"*"
    closed = begun[0] + '"' if begun[0] == text else begun[0]
    start = closed[:_HEX_CLASS]
    rest = text[len(start) :]
    tail = b"*" + _gram(rest) if _PLAIN.search(rest) else b""
    return b'*"' + _beginning(start) + tail + b"*"


def _gram(text: str) -> bytes:
    """Return a pattern of a few characters that are in every spelling of a text, somewhere."""
    gram = max(_PLAIN.findall(text), key=len)[-_HEX_CLASS:]
    return b"".join(map(_one_of, gram, _escaped(text)))


def _beginning(text: str) -> bytes:
    """Return a pattern of the first characters of a string; an escape may begin at any of them."""
    escapes = [_escaped(char) if char != '"' else () for char in text]
    return b"".join(
        _one_of(char, b"".join(escapes[k][i - k] for k in range(i + 1) if escapes[k]))
        for i, char in enumerate(text)
    )


def _escaped(text: str) -> tuple[bytes, ...]:
    r"""Return what can stand at each place of a ``\u00XX`` that is a character of this text."""
    codes = [b"%02x" % ord(c) for c in text if ord(c) < 256]
    high = _both_cases({c[:1] for c in codes})
    return (b"\\", b"u", b"0", b"0", high, _both_cases({c[1:] for c in codes}))


def _one_of(char: str, others: bytes) -> bytes:
    return b"[" + escape(bytes(dict.fromkeys(char.encode() + others))) + b"]"


def _other_number(text: str) -> bool:
    """Tell whether JSON may spell this text as a number written otherwise: 100000.0 is 1e5.

    Only what a float prints as can be; a longer number keeps the text it was written with.
    """
    if text == "0":
        return True  # or -0
    if text.isdigit() or _FRACTION.fullmatch(text) is None:
        return False
    return dumps(float(text)) == text.encode()


def _both_cases(digits: set[bytes]) -> bytes:
    return b"".join(sorted(digits | {d.upper() for d in digits}))


def may_hold_jid(jids: Collection[str]) -> Callable[[bytes], object]:
    """Return a fast test of a raw member: false only where none of these JIDs can be in it."""
    if any(_other_number(jid) for jid in jids):
        return lambda raw: True  # noqa: ARG005
    needles = [jid.encode("utf-8", "surrogatepass") for jid in jids]
    escapes = _escapes(jids)
    if len(needles) == 1:
        needle = needles[0]
        return lambda raw: needle in raw or (b"\\" in raw and escapes(raw))
    if len(needles) < _MANY:
        return lambda raw: any(n in raw for n in needles) or (b"\\" in raw and escapes(raw))
    wanted = frozenset(needles)

    def one_of_many(raw: bytes) -> object:
        for text, other in _JID_FIELD.findall(raw):  # no generator: this is the hot path
            if (text or other) in wanted:
                return True
        return b"\\" in raw and escapes(raw)

    return one_of_many


def _escapes(jids: Collection[str]) -> Callable[[bytes], object]:
    r"""Return a test for a backslash that can be part of one of these JIDs' spelling."""
    characters = set("".join(jids)) | set("jid")
    if any(_PLAIN.fullmatch(c) is None for c in characters):
        return lambda raw: True  # noqa: ARG005
    codes = "|".join(sorted(f"{ord(c):02x}" for c in characters)).encode()
    return re.compile(rb"\\u00(?:" + codes + rb")", re.IGNORECASE).search


def escape(text: bytes) -> bytes:
    r"""Return a pattern that matches this text and nothing else (``*`` becomes ``\*``)."""
    return _SPECIAL.sub(rb"\\\1", text)


def compile_glob(pattern: bytes) -> re.Pattern[bytes]:
    """Compile a Redis glob; use `fullmatch`. Follows Redis' stringmatchlen.

    Between two stars the leftmost match is final (an atomic group), so that no pattern takes
    more than quadratic time.
    """
    segments: list[list[bytes]] = [[]]
    i = 0
    while i < len(pattern):
        i, piece = _piece(pattern, i)
        if piece is None:
            segments.append([])
        else:
            segments[-1].append(piece)
    first, *rest = (b"".join(s) for s in segments)
    if not rest:
        return re.compile(first, re.DOTALL)
    if len(rest) > 1 and not any((first, *rest)):
        return re.compile(b".+", re.DOTALL)  # only a star alone matches the empty member
    *between, last = rest
    found = [b"(?>.*?" + s + b")" for s in between if s]
    if len(found) + bool(last) > _DEEPEST:
        return re.compile(b"(?!)")
    return re.compile(first + b"".join(found) + b".*" + last, re.DOTALL)


def _piece(pattern: bytes, i: int) -> tuple[int, bytes | None]:
    """Return where the next piece starts, and this one as a regex (None for a star)."""
    char = pattern[i : i + 1]
    if char == b"*":
        return i + 1, None
    if char == b"?":
        return i + 1, b"."
    if char == b"[":
        return _class(pattern, i + 1)
    if char == b"\\" and i + 1 < len(pattern):
        return i + 2, re.escape(pattern[i + 1 : i + 2])
    return i + 1, re.escape(char)


def _class(pattern: bytes, i: int) -> tuple[int, bytes]:
    """Read a class after its bracket; one that is never closed ends with the pattern."""
    negated = pattern[i : i + 1] == b"^"
    i += negated
    members: list[bytes] = []
    while i < len(pattern) and pattern[i : i + 1] != b"]":
        if pattern[i : i + 1] == b"\\" and i + 1 < len(pattern):
            members.append(_byte(pattern[i + 1]))
            i += 2
        elif pattern[i + 1 : i + 2] == b"-" and i + 2 < len(pattern):
            members.append(_range(pattern[i], pattern[i + 2]))
            i += 3
        else:
            members.append(_byte(pattern[i]))
            i += 1
    inside = b"".join(members)
    if negated:
        return i + 1, b"[^" + inside + b"]" if inside else b"."
    return i + 1, b"[" + inside + b"]" if inside else b"(?!)"


def _range(one: int, other: int) -> bytes:
    """Write a range; its bytes compare as C's signed char does, so 0xff comes before 0x00."""
    low, high = sorted((one, other), key=lambda byte: (byte + 128) % 256)
    if low <= high:
        return _byte(low) + b"-" + _byte(high)
    return _byte(low) + b"-\\xff\\x00-" + _byte(high)


def _byte(value: int) -> bytes:
    return b"\\x%02x" % value


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
