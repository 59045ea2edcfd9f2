"""The archived attempts of a record: read in pages that are bounded in number and in bytes."""

from __future__ import annotations

from collections.abc import Iterator

from jobctl.errors import WrongType
from jobctl.model.jobba import RecordLayout, RecordState, encode
from jobctl.model.record_snapshot import Attempt
from jobctl.redis.chunks import Chunk
from jobctl.redis.connection import Command, Connection

_MOST = 100  # attempts that are asked for at once
_LOST = 100  # in a row: there are none behind them


def read_attempts(
    connection: Connection, layout: RecordLayout, ident: str, most: int, *, records: bool = False
) -> Iterator[Attempt]:
    """Yield the archived attempts of a record that are there, the first one first.

    Args:
        connection: nothing may be under way on it.
        layout: the keys.
        ident: the record's id.
        most: how many attempts it says that it had before. No restart may ever have written that,
            and it may be huge: many in a row that are not there end the search.
        records: yield also what the set of a state knows, as the gem does: it is a record whose id
            ends in a number.
    """
    chunk = Chunk(_MOST)
    start = lost = 0
    while start < most and lost < _LOST:
        numbers = range(start, min(most, start + chunk.size))
        start = numbers.stop
        keys = [layout.attempt(ident, number) for number in numbers]
        names = [encode(f"{ident}:{number}") for number in numbers]
        hashes = connection.pipe((("HGETALL", key) for key in keys), kept=WrongType)
        # A key of another type is no attempt: it harms nothing but itself.
        flats = [[] if isinstance(reply, WrongType) else reply for reply in hashes]
        commands: list[Command] = [("PTTL", key) for key in keys]
        commands += [("SMISMEMBER", layout.state(state), *names) for state in RecordState]
        *replies, clock = connection.pipe([*commands, ("TIME",)])
        lives = replies[: len(keys)]
        chunk.learn(len(keys), sum(len(text) for flat in flats for text in flat))
        now = int(clock[0]) * 1000 + int(clock[1]) // 1000
        held = zip(*replies[len(keys) :], strict=True)
        for number, flat, life, sets in zip(numbers, flats, lives, held, strict=True):
            lost = 0 if flat else lost + 1
            if flat and (records or not any(sets)):
                yield Attempt(number, flat, now + life if life >= 0 else None)
