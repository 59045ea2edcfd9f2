"""One entry of a cron file, and the document that it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from jobctl.cron.document import Document, Place
from jobctl.cron.finding import Finding
from jobctl.cron.schedule import Schedule
from jobctl.model.rows import Row


class Flavour(StrEnum):
    """Whose file of entries it is: that of the cron plugin, or Faktory Enterprise's own."""

    PLUGIN = "plugin"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Server:
    """What a document says of the server that reads it.

    Attributes:
        flavour: which one it is.
        enabled: whether it runs entries.
        uniq: whether it keeps jobs unique; None where another file may say so.
    """

    flavour: Flavour
    enabled: bool
    uniq: bool | None


KEYS = ("file", "line", "entry", "schedule", "jobtype", "queue")


@dataclass(frozen=True, slots=True)
class CronEntry:
    """An entry as the server reads it.

    Attributes:
        number: of the entry in its document, from 1 on.
        file: the file it begins in.
        line: the line there, from 1 on: its ``[[cron]]``.
        schedule: its text; None where there is none.
        parsed: the schedule; None where there is none, or the server refuses it.
        jobtype: of the jobs it makes; None where there is none.
        queue: their queue; ``default`` where none is named.
        job: what each of them holds, under Faktory's names, as JSON has it; what is of a wrong
            type is not in it.
        schedule_at: where the schedule's text stands.
        plain: whether its characters stand one by one from that place on, in one line.
    """

    number: int
    file: str
    line: int
    schedule: str | None
    parsed: Schedule | None
    jobtype: str | None
    queue: str
    job: dict[str, object]
    schedule_at: Place
    plain: bool = False

    def seen_from(self, file: str) -> str:
        """Return where it is, as said in a file: ``entry 3 in line 12``, or ``.. in b.toml:12``."""
        place = f"line {self.line}" if self.file == file else f"{self.file}:{self.line}"
        return f"entry {self.number} in {place}"

    def row(self) -> Row:
        """Return its row, under `KEYS`."""
        return {
            "file": self.file,
            "line": self.line,
            "entry": self.number,
            "schedule": self.schedule,
            "jobtype": self.jobtype,
            "queue": self.queue,
        }


@dataclass(frozen=True, slots=True)
class Crontab:
    """A document with its entries, and what the server would say of it.

    Attributes:
        document: its files.
        entries: in order.
        findings: what is wrong, in order of place; what only time tells is not among it.
        enabled: whether entries run: always in Enterprise, else where the plugin is on.
        flavour: whose file it was read as.
    """

    document: Document
    entries: Sequence[CronEntry]
    findings: Sequence[Finding]
    enabled: bool
    flavour: Flavour = Flavour.PLUGIN
