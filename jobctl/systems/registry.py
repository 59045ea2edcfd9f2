"""The job systems there are, a row each."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from jobctl.model.layout import Layout, System
from jobctl.systems.base import JobSystem, Marks
from jobctl.systems.faktory.layout import FAKTORY, MARKS

SYSTEMS: Mapping[System, JobSystem] = {
    System.FAKTORY: JobSystem(MARKS, FAKTORY),
    System.SIDEKIQ: JobSystem(
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


def layout_of(system: System = DEFAULT) -> Layout:
    """Return the names and forms of a job system whose jobs are served."""
    layout = SYSTEMS[system].layout
    assert layout is not None  # noqa: S101 (others are refused before)
    return layout


def payload_keys() -> Collection[str]:
    """Return the top-level keys that payloads of any system have."""
    layouts = [system.layout for system in SYSTEMS.values() if system.layout is not None]
    return frozenset[str]().union(*(layout.payload_keys for layout in layouts))
