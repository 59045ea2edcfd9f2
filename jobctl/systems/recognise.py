"""Which job systems keep their data in one Redis: asked along with the greeting."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from jobctl.errors import Refused
from jobctl.redis.connection import Command, Connection, Reply
from jobctl.redis.queues import decode_name, encode_name
from jobctl.systems.layout import Layout
from jobctl.systems.system import (
    FIXED_KEYS,
    Evidence,
    System,
    list_keys,
    recognise,
    refusal,
    served,
)

_QUEUES = 100  # that are looked at; a set of so many is read in one bounded call


class Systems:
    """The job systems of one Redis. A key that may not be looked at counts as absent."""

    def __init__(self, connection: Connection, layout: Layout, told: System | None) -> None:
        self._connection = connection
        self._told = told
        self.questions: Sequence[Command] = [
            *(("TYPE", key) for key in FIXED_KEYS),
            ("SSCAN", layout.queues, 0, "COUNT", _QUEUES),
        ]
        self._types: dict[str, str] = {}
        self._queues: list[str] = []

    def take(self, answers: Sequence[Reply]) -> None:
        """Take the answers to the questions."""
        *kinds, page = answers
        self._types = _read(FIXED_KEYS, kinds)
        if isinstance(page, list) and len(page) == 2 and isinstance(page[1], list):
            names = [name for name in page[1][: 2 * _QUEUES] if isinstance(name, bytes)]
            self._queues = list(map(decode_name, names))

    @cached_property
    def seen(self) -> tuple[Evidence, ...]:
        """The evidence of each system; asks once more where there are queues."""
        keys = list_keys(self._queues)
        kinds = self._connection.attempt([("TYPE", encode_name(key)) for key in keys])
        return recognise(self._types | _read(keys, kinds))

    @property
    def served(self) -> System | None:
        """The system whose jobs these are; None where there are two, and nobody said which."""
        return served(self.seen, self._told)

    def refusal(self) -> Refused | None:
        """Return why nothing is done about these jobs; None where they are Faktory's."""
        return refusal(str(self._connection.target), self.seen, self._told)


def _read(keys: Sequence[str], kinds: Sequence[Reply]) -> dict[str, str]:
    pairs = zip(keys, kinds, strict=True)
    return {key: kind.decode() for key, kind in pairs if isinstance(kind, bytes)}
