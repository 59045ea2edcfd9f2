"""The job systems there are, a row each, and which of them a Redis holds the data of.

Its keys and their types tell, and are asked for along with the greeting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from jobctl.errors import Refused
from jobctl.model.layout import Layout, Marks, System, Types
from jobctl.redis.queues import decode_name, encode_name
from jobctl.redis.scripts import Command, Reply
from jobctl.systems.base import JobSystem, Rooms
from jobctl.systems.faktory.layout import FAKTORY, MARKS

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection


@dataclass(frozen=True, slots=True)
class Support:
    """What it takes to work on a job system: its names and forms, and what makes a `JobSystem`."""

    layout: Layout
    make: Callable[[Rooms], JobSystem]


@dataclass(frozen=True, slots=True)
class SystemRow:
    """A job system that is told apart from others.

    Attributes:
        marks: the keys by which it is recognised.
        support: None if its jobs are not supported yet.
    """

    marks: Marks
    support: Support | None = None


def _faktory(rooms: Rooms) -> JobSystem:
    from jobctl.systems.faktory.system import FaktorySystem  # 6 ms: its wire, hashes, secrets

    return FaktorySystem(rooms)


SYSTEMS: Mapping[System, SystemRow] = {
    System.FAKTORY: SystemRow(MARKS, Support(FAKTORY, _faktory)),
    System.SIDEKIQ: SystemRow(
        Marks(
            {
                "schedule": "zset",
                "retry": "zset",
                "processes": "set",
                "stat:processed": "string",
                "stat:failed": "string",
            },
            list_prefix="queue:",
        )
    ),
}
DEFAULT = System.FAKTORY  # of an empty Redis, and of files that name no system

_NAMED = 3  # keys in a sentence
_QUEUES = 100  # that are looked at; a set of so many is read in one bounded call
_QUEUE_SET = "queues"  # of all job systems
# Not `dead`, `queues` and `paused`: all systems have them, and mean different things by them.
_FIXED_KEYS = tuple(key for row in SYSTEMS.values() for key in row.marks.keys)


def support_of(name: System | None = None) -> Support:
    """Return the support for a job system, or for the default one if it is None or has none."""
    row = SYSTEMS[name or DEFAULT]
    return row.support or support_of()


def payload_keys() -> Collection[str]:
    """Return the top-level keys that payloads of any system have."""
    found = [row.support.layout.payload_keys for row in SYSTEMS.values() if row.support is not None]
    return frozenset[str]().union(*found)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The keys that were seen and that only one job system has, with their types."""

    system: System
    keys: Types

    def __bool__(self) -> bool:
        return bool(self.keys)

    def __str__(self) -> str:
        shown = [f"{key}: {kind}" for key, kind in list(self.keys.items())[:_NAMED]]
        return ", ".join(shown) + (", .." if len(self.keys) > _NAMED else "")


class Recognition:
    """The job systems in one Redis. A key that this user may not look at counts as absent."""

    def __init__(self, connection: Connection, told: System | None) -> None:
        self._connection = connection
        self._told = told
        self.questions: Sequence[Command] = [
            *(("TYPE", key) for key in _FIXED_KEYS),
            ("SSCAN", _QUEUE_SET, 0, "COUNT", _QUEUES),
        ]
        self._types: Types = {}
        self._queues: list[str] = []

    def take(self, answers: Sequence[Reply]) -> None:
        """Take the answers to the questions."""
        *kinds, page = answers
        self._types = _read(_FIXED_KEYS, kinds)
        if isinstance(page, list) and len(page) == 2 and isinstance(page[1], list):
            names = [name for name in page[1][: 2 * _QUEUES] if isinstance(name, bytes)]
            self._queues = list(map(decode_name, names))

    @cached_property
    def seen(self) -> tuple[Evidence, ...]:
        """The evidence of each system; asks once more if there are queues."""
        keys = list_keys(self._queues)
        kinds = self._connection.attempt([("TYPE", encode_name(key)) for key in keys])
        return recognise({**self._types, **_read(keys, kinds)})

    @property
    def served(self) -> System | None:
        """The system whose jobs these are; None if there are two and none was named."""
        return self._told or served(self.seen, None)

    def refusal(self) -> Refused | None:
        """Return the error for jobs that are not served; None if they are."""
        return refusal(str(self._connection.target), self.seen, self._told)


def _read(keys: Sequence[str], kinds: Sequence[Reply]) -> dict[str, str]:
    pairs = zip(keys, kinds, strict=True)
    return {key: kind.decode() for key, kind in pairs if isinstance(kind, bytes)}


def list_keys(queues: Collection[str]) -> list[str]:
    """Return the keys of the lists by which the owner of these queues can be recognised.

    Faktory up to 1.9 may have a queue that is called ``queue:x``, with its list at that very key:
    a key that can be the list of either system tells nothing, and is left out.
    """
    prefixes = [system.marks.list_prefix for system in SYSTEMS.values()]
    own = prefixes.pop(0)
    others = {prefix + name for prefix in prefixes for name in queues} - set(queues)
    return sorted({own + name for name in queues} | others)


def recognise(types: Types) -> tuple[Evidence, ...]:
    """Return the evidence of each system that has left some; none of an empty Redis."""
    found = (Evidence(name, system.marks.seen(types)) for name, system in SYSTEMS.items())
    return tuple(filter(None, found))


def served(found: Sequence[Evidence], told: System | None) -> System | None:
    """Return the system whose jobs these are; None if there are two and none was named."""
    if told is not None:
        return told
    systems = {evidence.system for evidence in found} or {DEFAULT}
    return systems.pop() if len(systems) == 1 else None


def refusal(target: str, found: Sequence[Evidence], told: System | None) -> Refused | None:
    """Return the error for jobs that are not served; None if they are."""
    system = served(found, told)
    if system is None:
        seen = " and ".join(f"{it.system.title()}'s ({it})" for it in found)
        return Refused(
            f"{target} holds the data of two job systems, {seen}",
            hint="say which one is meant: --system faktory (or JOBCTL_SYSTEM, or system = .. of a "
            "context); both use dead, queues and paused",
        )
    if SYSTEMS[system].support is not None:
        return None
    name = system.title()
    if told is None:
        (said,) = (str(it) for it in found if it.system is system)
        return Refused(
            f"{target} holds {name}'s jobs, which are not supported yet (seen: {said})",
            hint="jobctl query and record work there; --system faktory only if they are Faktory's "
            "after all",
        )
    return Refused(
        f"{name}'s jobs are not supported yet",
        hint=f"jobctl query and record work beside {name}; --system faktory is for Faktory's jobs",
    )
