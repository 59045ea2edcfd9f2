"""What a running Faktory server says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jobctl.model.layout import QueueForm

_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})", re.ASCII)
_FIRST_WITH_Q = (1, 10)  # from this version on a queue's list is q:NAME


@dataclass(frozen=True, slots=True)
class FaktoryFacts:
    """A server's answer to INFO; None where it does not say.

    Attributes:
        version: as ``1.10.0``.
        uptime: seconds.
        connections: how many clients are connected.
        commands: how many it has served.
        memory: its own, as it words it: ``68 MB``.
        processed, failures, enqueued: totals over all queues.
        queues: the queues that it knows: name and jobs; None where it lists none by name.
    """

    version: str | None
    uptime: int | None
    connections: int | None
    commands: int | None
    memory: str | None
    processed: int | None
    failures: int | None
    enqueued: int | None
    queues: Mapping[str, int] | None

    @classmethod
    def read(cls, document: Mapping[str, object]) -> FaktoryFacts:
        """Read the decoded answer; what is not as expected is left out."""
        server, jobs = _object(document, "server"), _object(document, "faktory")
        queues = jobs.get("queues")
        memory = server.get("used_memory_mb")
        version = server.get("faktory_version")
        return cls(
            version=version if isinstance(version, str) else None,
            uptime=_count(server, "uptime"),
            connections=_count(server, "connections"),
            commands=_count(server, "command_count"),
            memory=str(memory) if isinstance(memory, str | int) else None,
            processed=_count(jobs, "total_processed"),
            failures=_count(jobs, "total_failures"),
            enqueued=_count(jobs, "total_enqueued"),
            queues={name: queues[name] for name in queues if _count(queues, name) is not None}
            if isinstance(queues, dict)
            else None,
        )

    @property
    def form(self) -> QueueForm | None:
        """The form of queues' lists that this version writes; None where it says no version."""
        return form_of(self.version)

    def document(self) -> dict[str, object]:
        """Return it under its JSON keys."""
        return {
            "version": self.version,
            "uptime": self.uptime,
            "connections": self.connections,
            "commands": self.commands,
            "memory": self.memory,
            "processed": self.processed,
            "failures": self.failures,
            "enqueued": self.enqueued,
            "queues": None if self.queues is None else dict(self.queues),
        }


def form_of(version: str | None) -> QueueForm | None:
    """Return the form of queues' lists that a server of this version writes; None: it is none."""
    found = _VERSION.match(version or "")
    if found is None:
        return None
    newer = (int(found[1]), int(found[2])) >= _FIRST_WITH_Q
    return QueueForm.Q if newer else QueueForm.BARE


def _object(document: Mapping[str, object], key: str) -> dict[str, object]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _count(document: Mapping[str, object], key: str) -> int | None:
    found = document.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
