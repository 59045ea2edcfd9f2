"""The filter flags: every one becomes a test."""

from __future__ import annotations

from dataclasses import dataclass

from jobctl.errors import BadFilter
from jobctl.filter.glob import compile_glob
from jobctl.filter.regex import compile_regex
from jobctl.filter.where import Aged, Equals, ErrorMatches, Malformed, Matches, Stuck, Test, Where
from jobctl.model.times import parse_duration

EXPIRED = "expired"  # what --stuck means without a duration


@dataclass(frozen=True, slots=True)
class Flags:
    """The filter flags as typed; the same flag twice is OR, different flags are AND."""

    jobtypes: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    jids: tuple[str, ...] | None = None  # None: not asked for; empty matches nothing
    errors: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    older_than: tuple[str, ...] = ()
    newer_than: tuple[str, ...] = ()
    malformed: bool = False
    stuck: tuple[str, ...] = ()  # durations, or EXPIRED; in working
    exact: bool = False  # values only as they are, and no class for a type: MUTATE's filter

    def where(self) -> Where:
        """Return the filter they mean.

        Raises:
            UsageProblem: an empty value, a bad regular expression, a bad duration.
        """
        tests: list[Test] = []
        for option, name, values in (
            ("--type", "jobtype" if self.exact else "type", self.jobtypes),
            ("--queue", "queue", self.queues),
            ("--jid", "jid", self.jids),
        ):
            if values or (name == "jid" and values is not None):
                given = _given(option, values)
                exact = Equals(name, frozenset(given))
                tests.append(exact if self.exact else Equals.typed(name, given))
        if self.errors:
            tests.append(
                ErrorMatches(
                    tuple(compile_regex(e, "--error") for e in _given("--error", self.errors))
                )
            )
        if self.globs:
            encoded = tuple(_bytes(g) for g in _given("--match", self.globs))
            tests.append(Matches(encoded, tuple(compile_glob(g) for g in encoded)))
        if self.older_than:
            tests.append(Aged(tuple(map(parse_duration, self.older_than)), older=True))
        if self.newer_than:
            tests.append(Aged(tuple(map(parse_duration, self.newer_than)), older=False))
        if self.malformed:
            tests.append(Malformed())
        if self.stuck:
            bounds = [parse_duration(text) for text in self.stuck if text != EXPIRED]
            tests.append(Stuck(min(bounds, default=None)))
        return Where(tuple(tests))


def _given(option: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if "" in values:
        raise BadFilter(f"{option} is empty", hint="leave the option out to select every job")
    return values


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
