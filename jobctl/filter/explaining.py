"""What to think of a filter before it is used."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobctl.filter.conditions import Comparison, PayloadMatches, Test
from jobctl.filter.regex import Regex
from jobctl.filter.where import Where

_SHORTEST = 8  # characters of a JID, by Faktory's rule


def doubts(where: Where) -> list[str]:
    """Return what may not be meant, a sentence each."""
    if not where:
        return ["it matches everything"]
    found = [doubt for test in where.tests for doubt in _doubts(test)]
    return found + list(_contradictions(where))


def _doubts(test: Test) -> Iterator[str]:
    if isinstance(test, PayloadMatches):
        for glob in test.globs:
            yield from _of_glob(glob)
    elif isinstance(test, Comparison) and test.texts is not None and test.name == "jid":
        if not test.texts:
            yield "no JID was given: it matches nothing"
        for jid in sorted(test.texts):
            if len(jid) < _SHORTEST:
                yield f"{jid!r} is short for a JID: they have {_SHORTEST} characters or more"
    elif isinstance(test, Comparison):
        yield from _of_regexes(test.regexes)


def _of_glob(glob: bytes) -> Iterator[str]:
    shown = glob.decode("utf-8", "replace")
    if not glob.strip(b"*"):
        yield f"--match {shown} matches everything"
    elif not re.search(rb"[*?\[]", glob):
        yield f"--match {shown} has no star: it matches only a payload that is exactly this"
    elif not glob.startswith(b"*") or not glob.endswith(b"*"):
        yield f"--match {shown} must match the whole payload: a star at both ends finds it inside"
    if b"[" in re.sub(rb"\\.|\[[^\]]*\]", b"", glob):
        yield rf"--match {shown} has a [ without its ]: for the bracket itself write \["


def _of_regexes(regexes: tuple[Regex, ...]) -> Iterator[str]:
    for regex in regexes:
        if regex.finds_all:
            yield f"the expression {regex.pattern!r} is found in every text"


def _contradictions(where: Where) -> Iterator[str]:
    wanted: dict[str, frozenset[str]] = {}
    for test in where.tests:
        if isinstance(test, Comparison) and test.texts is not None:
            both = wanted.get(test.name, test.texts) & test.texts
            if test.texts and not both:
                yield f"no {test.name} can meet all of this: it matches nothing"
            wanted[test.name] = both
