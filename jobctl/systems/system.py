"""Which job system's data a Redis holds, told by its keys and their types."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from jobctl.errors import Refused
from jobctl.systems.layout import FAKTORY, Kind, QueueForm

Types = Mapping[str, str]  # key -> its type, as TYPE answers it


class System(StrEnum):
    """The job systems whose data is told apart."""

    FAKTORY = "faktory"
    SIDEKIQ = "sidekiq"


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


_NAMED = 3  # keys in a sentence
# Not `dead`, `queues` and `paused`: both systems have them, and mean different things by them.
_FAKTORY = {
    **{key: "zset" for kind, key in FAKTORY.sets.items() if kind is not Kind.DEAD},
    **dict.fromkeys(FAKTORY.counters, "string"),
}
_SIDEKIQ = {
    "schedule": "zset",
    "retry": "zset",
    "processes": "set",
    "stat:processed": "string",
    "stat:failed": "string",
}
_SIDEKIQ_LIST = "queue:"
FIXED_KEYS = (*_FAKTORY, *_SIDEKIQ)


def list_keys(queues: Collection[str]) -> list[str]:
    """Return the keys of the lists by which the owner of these queues can be recognised.

    Faktory up to 1.9 may have a queue that is called ``queue:x``, with its list at that very key:
    a key that can be the list of either system tells nothing, and is left out.
    """
    sidekiq = {_SIDEKIQ_LIST + name for name in queues} - set(queues)
    return sorted({FAKTORY.queue_key(name, QueueForm.Q) for name in queues} | sidekiq)


def recognise_faktory(types: Types) -> Evidence:
    """Return what is Faktory's alone. A list in the bare form of 1.9 may be anybody's key."""
    return _evidence(System.FAKTORY, types, _FAKTORY, FAKTORY.queue_key("", QueueForm.Q))


def recognise_sidekiq(types: Types) -> Evidence:
    """Return what is Sidekiq's alone; a list called ``retry`` is a queue of Faktory 1.9."""
    return _evidence(System.SIDEKIQ, types, _SIDEKIQ, _SIDEKIQ_LIST)


def _evidence(system: System, types: Types, fixed: Types, prefix: str) -> Evidence:
    lists = {key: kind for key, kind in types.items() if key.startswith(prefix) and kind == "list"}
    return Evidence(system, {k: kind for k, kind in fixed.items() if types.get(k) == kind} | lists)


def recognise(types: Types) -> tuple[Evidence, ...]:
    """Return the evidence of each system that has left some; none of an empty Redis."""
    return tuple(filter(None, (recognise_faktory(types), recognise_sidekiq(types))))


def served(found: Sequence[Evidence], told: System | None) -> System | None:
    """Return the system whose jobs these are; None where there are two and nobody said which."""
    if told is not None:
        return told
    systems = {evidence.system for evidence in found} or {System.FAKTORY}
    return systems.pop() if len(systems) == 1 else None


def refusal(target: str, found: Sequence[Evidence], told: System | None) -> Refused | None:
    """Return why nothing is done about the jobs of a Redis; None where they are Faktory's."""
    system = served(found, told)
    if system is System.FAKTORY:
        return None
    if system is None:
        seen = " and ".join(f"{it.system.title()}'s ({it})" for it in found)
        return Refused(
            f"{target} holds the data of two job systems, {seen}",
            hint="say which one is meant: --system faktory (or JOBCTL_SYSTEM, or system = .. of a "
            "context); both use dead, queues and paused",
        )
    if told is None:
        said = [str(it) for it in found if it.system is system]
        return Refused(
            f"{target} holds Sidekiq's jobs, which are not supported yet (seen: {said[0]})",
            hint="jobctl query and record work there; --system faktory only if they are Faktory's "
            "after all",
        )
    return Refused(
        "Sidekiq's jobs are not supported yet",
        hint="jobctl query and record work beside Sidekiq; --system faktory is for Faktory's jobs",
    )
