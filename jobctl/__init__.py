"""jobctl: find, inspect and repair background jobs in Redis.

The library, without click and rich::

    from jobctl import connect

    with connect("unix:///var/lib/faktory/db/redis.sock") as store:
        for entry in store.retries.walk(limit=10):
            print(entry.jid, entry.job.get("errtype"))

    from jobctl import Schedule

    Schedule.parse("30 9 * * MON-FRI").next(datetime.now(ZoneInfo("Europe/Berlin")))

Everything below is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobctl.actions.jobs import Store
    from jobctl.actions.operations.watching import Watch
    from jobctl.connecting import connect
    from jobctl.errors import Exit, JobctlError
    from jobctl.model.entry import Entry
    from jobctl.model.flags import Flags
    from jobctl.model.guards import Guards
    from jobctl.model.job import Job
    from jobctl.model.layout import FAKTORY, Kind, Layout, QueueForm
    from jobctl.model.place import Place
    from jobctl.model.preview import Preview
    from jobctl.model.queue import Queue
    from jobctl.model.report import Report
    from jobctl.model.schedule.schedule import Dialect, Schedule
    from jobctl.model.states import State
    from jobctl.model.status import Status
    from jobctl.model.target import Target
    from jobctl.model.urls import Tls
    from jobctl.model.where import Where

__version__ = "0.1.0"

_HOMES = {
    "FAKTORY": "model.layout",
    "Dialect": "model.schedule.schedule",
    "Entry": "model.entry",
    "Exit": "errors",
    "Flags": "model.flags",
    "Guards": "model.guards",
    "Job": "model.job",
    "JobctlError": "errors",
    "Kind": "model.layout",
    "Layout": "model.layout",
    "Place": "model.place",
    "Preview": "model.preview",
    "Queue": "model.queue",
    "QueueForm": "model.layout",
    "Report": "model.report",
    "Schedule": "model.schedule.schedule",
    "State": "model.states",
    "Status": "model.status",
    "Store": "actions.jobs",
    "Target": "model.target",
    "Tls": "model.urls",
    "Watch": "actions.operations.watching",
    "Where": "model.where",
    "connect": "connecting",
}

__all__ = [
    "FAKTORY",
    "Dialect",
    "Entry",
    "Exit",
    "Flags",
    "Guards",
    "Job",
    "JobctlError",
    "Kind",
    "Layout",
    "Place",
    "Preview",
    "Queue",
    "QueueForm",
    "Report",
    "Schedule",
    "State",
    "Status",
    "Store",
    "Target",
    "Tls",
    "Watch",
    "Where",
    "__version__",
    "connect",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562), so that importing jobctl is free."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'jobctl' has no attribute {name!r}")
    value = getattr(import_module(f"jobctl.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
