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

import sys

_signal = sys.modules[
    "_signal"
]  # what ``signal`` wraps, which takes as long to load as all of this


def _end_at_interrupts() -> None:
    """Let Ctrl-C end the process in silence, unless it is ignored (nohup).

    Until a command runs there is nothing to put in order, and nobody to catch a KeyboardInterrupt.
    """
    if _signal.getsignal(_signal.SIGINT) != _signal.SIG_IGN:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


if getattr(sys, "argv", None) and sys.argv[0].endswith("/jobctl"):  # the console script
    _end_at_interrupts()

TYPE_CHECKING = False  # typing itself is not loaded for it
if TYPE_CHECKING:
    from jobctl.cron.schedule import Dialect, Schedule
    from jobctl.errors import Exit, JobctlError
    from jobctl.filter.where import Flags, Where
    from jobctl.library import Store, connect
    from jobctl.model.entry import Entry, Job, Place
    from jobctl.model.queue import Queue
    from jobctl.model.report import Preview, Report
    from jobctl.model.status import State, Status
    from jobctl.model.target import Target, Tls
    from jobctl.model.verbs import Guards
    from jobctl.operations.request import Watch
    from jobctl.systems.faktory.layout import FAKTORY

__version__ = "0.1.0"

_HOMES = {
    "FAKTORY": "systems.faktory.layout",
    "Dialect": "cron.schedule",
    "Entry": "model.entry",
    "Exit": "errors",
    "Flags": "filter.where",
    "Guards": "model.verbs",
    "Job": "model.entry",
    "JobctlError": "errors",
    "Kind": "model.layout",
    "Layout": "model.layout",
    "Place": "model.entry",
    "Preview": "model.report",
    "Queue": "model.queue",
    "QueueForm": "model.layout",
    "Report": "model.report",
    "Schedule": "cron.schedule",
    "State": "model.status",
    "Status": "model.status",
    "Store": "library",
    "System": "model.layout",
    "Target": "model.target",
    "Tls": "model.target",
    "Watch": "operations.request",
    "Where": "filter.where",
    "connect": "library",
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
    "System",
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
