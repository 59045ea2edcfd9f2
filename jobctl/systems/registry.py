"""The job systems there are, a row each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from jobctl.model.layout import Layout, Marks, System
from jobctl.systems.base import JobSystem, Rooms
from jobctl.systems.faktory.layout import FAKTORY, MARKS
from jobctl.systems.faktory.system import FaktorySystem


@dataclass(frozen=True, slots=True)
class Row:
    """A job system that is told apart from others.

    Attributes:
        marks: the keys by which it is recognised.
        layout: its names and forms; None where its jobs are not supported yet.
        make: returns it, at work on a backend.
    """

    marks: Marks
    layout: Layout | None = None
    make: Callable[[Rooms], JobSystem] | None = None


SYSTEMS: Mapping[System, Row] = {
    System.FAKTORY: Row(MARKS, FAKTORY, FaktorySystem),
    System.SIDEKIQ: Row(
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


def system_of(rooms: Rooms, name: System = DEFAULT) -> JobSystem:
    """Return a job system whose jobs are served, at work on a backend."""
    make = SYSTEMS[name].make
    assert make is not None  # noqa: S101 (others are refused before)
    return make(rooms)


def layout_of(name: System = DEFAULT) -> Layout:
    """Return the names and forms of a job system whose jobs are served."""
    layout = SYSTEMS[name].layout
    assert layout is not None  # noqa: S101 (others are refused before)
    return layout


def payload_keys() -> Collection[str]:
    """Return the top-level keys that payloads of any system have."""
    layouts = [row.layout for row in SYSTEMS.values() if row.layout is not None]
    return frozenset[str]().union(*(layout.payload_keys for layout in layouts))
