"""Show how a filter is read, what it costs, and what in it may be a mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobctl.filter.conditions import Comparison, PayloadMatches, Test
from jobctl.filter.regex import Regex
from jobctl.filter.where import Where
from jobctl.model.layout import Kind

_SHORTEST = 8  # characters of a JID, by Faktory's rule


def explain(where: Where, kind: Kind, members: int | None) -> dict[str, object]:
    """Return how a filter is read, as plain values.

    Keys: target (the structure), where (the filter), pattern (the glob that Redis tests, if any),
    tests (what is tested on the decoded job), cost (how many members are looked at), warnings.

    Args:
        where: the filter.
        kind: the structure that it searches.
        members: how many members that has; None: not known.
    """
    pattern = None if kind is Kind.QUEUE else where.pattern()  # Redis matches no list's members
    return {
        "target": kind.value,
        "where": str(where) or None,
        "pattern": None if pattern is None else pattern.decode("utf-8", "backslashreplace"),
        "tests": [str(test) for test in where.tests],
        "cost": None if members is None else {"members": members},
        "warnings": warnings(where),
    }


def warnings(where: Where) -> list[str]:
    """Return what may be a mistake, a sentence each."""
    if not where:
        return ["it matches everything"]
    found = [warning for test in where.tests for warning in _warnings(test)]
    return found + list(_contradictions(where))


def _warnings(test: Test) -> Iterator[str]:
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
