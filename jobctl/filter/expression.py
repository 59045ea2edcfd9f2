"""The filter language: ``field op value[,value]`` with ``and or not ( )``."""

from __future__ import annotations

import re
from collections.abc import Callable

from jobctl.errors import BadFilter, UsageProblem
from jobctl.filter.conditions import Comparison, FilterField, Joined, Not, Sort, Test
from jobctl.filter.patterns import Regex, compile_regex
from jobctl.filter.values import Literal, Pair, check_time, match_field, readings
from jobctl.model.jsontext import loads
from jobctl.model.times import parse_duration

Find = Callable[[str, tuple[str, int]], FilterField]  # a name; the expression and its place in it

_OP = re.compile(r"!=|!~|<=|>=|=|~|<|>")
_SPACE = re.compile(r"\s*")
_BARE = re.compile(r'[^\s,()"]+')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_WORD = re.compile(r"(and|or|not)(?![A-Za-z0-9_.\[-])", re.IGNORECASE)
_DEEPEST = 100
_HINTS = {
    "==": "equality is a single =",
    "=~": "a regular expression is field~REGEX",
    "<>": "not equal is !=",
    "&&": "write and",
    "||": "write or",
    "!": "write not (..), or field!=value",
}
_EXAMPLE = "jobtype=SendEmail and (error~timeout or retry_count>=20)"


def parse(text: str, find: Find, example: str = _EXAMPLE) -> Test:
    """Read an expression.

    Args:
        text: as it was typed.
        find: finds the field of a name.
        example: an expression on such fields, shown in hints.

    Raises:
        BadFilter: it makes no sense; knows the place in it.
    """
    return _Parser(text, find, example).whole()


class _Parser:
    """Reads one expression from left to right."""

    def __init__(self, text: str, find: Find, example: str) -> None:
        self._how = f"a filter looks like: {example}"
        self._text = text
        self._find = find
        self._at = 0
        self._depth = 0

    def whole(self) -> Test:
        self._space()
        if self._at == len(self._text):
            raise self._bad("the expression is empty", self._how)
        node = self._either()
        if self._at < len(self._text):
            if self._text[self._at] == ")":
                raise self._bad("a ) without its (")
            raise self._bad("what follows is neither and nor or", self._odd())
        return node

    def _either(self) -> Test:
        return self._joined("or", lambda: self._joined("and", self._opposite))

    def _joined(self, word: str, part: Callable[[], Test]) -> Test:
        parts = [part()]
        while self._keyword(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _opposite(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._bad(f"nested deeper than {_DEEPEST} levels")
        try:
            if self._keyword("not"):
                return Not(self._opposite())
            if self._text[self._at : self._at + 1] == "(":
                return self._parenthesised()
            return self._comparison()
        finally:
            self._depth -= 1

    def _parenthesised(self) -> Test:
        opened = self._at
        self._at += 1
        self._space()
        node = self._either()
        if self._text[self._at : self._at + 1] != ")":
            if self._at < len(self._text):
                raise self._bad("what follows is neither and, or nor )", self._odd())
            raise BadFilter("-w: a ( without its )", at=(self._text, opened))
        self._at += 1
        self._space()
        return node

    def _comparison(self) -> Comparison:
        start = self._at
        found = match_field(self._text, start)
        if found is None:
            raise self._bad("a field is missing here", self._odd() or self._how)
        self._at = found.end()
        self._space()
        op = self._operator(found[0])
        field = self._find(found[0], (self._text, start))
        literals = [self._literal()]
        places = [self._value_at]
        while self._text[self._at : self._at + 1] == ",":
            self._at += 1
            self._space()
            literals.append(self._literal())
            places.append(self._value_at)
        return self._checked(field, op, literals, places)

    def _operator(self, name: str) -> str:
        found = _OP.match(self._text, self._at)
        if found is None:
            hint = self._odd() or "one of = != ~ !~ < <= > >="
            raise self._bad(f"an operator is missing behind {name}", hint)
        double = self._text[self._at : self._at + 2]
        if double in _HINTS:
            raise self._bad(f"{double} is no operator", _HINTS[double])
        self._at = found.end()
        self._space()
        return found[0]

    def _literal(self) -> Literal:
        self._value_at = self._at
        if self._text[self._at : self._at + 1] == '"':
            found = _STRING.match(self._text, self._at)
            if found is None:
                raise self._bad('a " without its end')
            literal = Literal(self._string(found[0]), quoted=True)
        else:
            found = _BARE.match(self._text, self._at)
            if found is None:
                raise self._bad("a value is missing here", 'an empty text is ""')
            literal = Literal(found[0], quoted=False)
        self._at = found.end()
        if self._text[self._at : self._at + 1] in ('"', "("):
            raise self._bad("quotes stand around a whole value", 'field="a value, (like this)"')
        self._space()
        return literal

    def _string(self, text: str) -> str:
        try:
            value = loads(text.encode("utf-8", "surrogatepass"))
        except ValueError:
            raise self._bad(
                "not a JSON string", r"a backslash is \\, a quote is \", in regular expressions too"
            ) from None
        return str(value)

    def _checked(
        self, field: FilterField, op: str, literals: list[Literal], places: list[int]
    ) -> Comparison:
        regexes: list[Regex] = []
        seconds: list[float] = []
        meant: list[Literal] = []
        pairs: list[Pair] = []
        for literal, place in zip(literals, places, strict=True):
            at = (self._text, place)
            if op in ("~", "!~"):
                regexes.append(compile_regex(literal.text, "-w", at))
            elif literal.null and op not in ("=", "!="):
                raise BadFilter(f"-w: nothing is {op} null", hint="field=null: missing", at=at)
            elif field.sort is Sort.AGE:
                seconds.append(_age(literal, op, at))
            elif field.sort is Sort.TIME and (op not in ("=", "!=") or literal.number is not None):
                check_time(literal, at)
            elif field.check is not None and not literal.null:
                field.check(literal, at)
            texts = readings(literal.text) if op in ("=", "!=") and not literal.quoted else ()
            if len(texts) > 1:
                pairs.append((texts[0], texts[1]))
                meant += [Literal(text, quoted=True) for text in texts]
            else:
                meant.append(literal)
        return Comparison(
            field, op, tuple(meant), tuple(regexes), tuple(seconds), pairs=tuple(pairs)
        )

    def _keyword(self, word: str) -> bool:
        found = _WORD.match(self._text, self._at)
        if found is None or found[1].lower() != word:
            return False
        after = _SPACE.match(self._text, found.end())
        end = found.end() if after is None else after.end()
        if _OP.match(self._text, end):
            return False  # a field of that name, wherever that comes from
        self._at = end
        return True

    def _space(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = self._at if found is None else found.end()

    def _odd(self) -> str | None:
        """Return the hint for a common mistake at this place."""
        here = self._text[self._at : self._at + 2]
        return _HINTS.get(here) or _HINTS.get(here[:1])

    def _bad(self, what: str, hint: str | None = None) -> BadFilter:
        return BadFilter(f"-w: {what}", hint=hint, at=(self._text, self._at))


def _age(literal: Literal, op: str, at: tuple[str, int]) -> float:
    if op in ("=", "!="):
        if literal.null:
            return 0.0
        raise BadFilter("-w: an age is compared with < <= > >=", hint="age>2h", at=at)
    try:
        return parse_duration(literal.text)
    except UsageProblem as error:
        raise BadFilter(f"-w: {error.message}", hint=error.hint, at=at) from None
