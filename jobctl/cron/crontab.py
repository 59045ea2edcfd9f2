"""Entries of cron files, and what the server would do with a document of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from jobctl.cron.files import Document
from jobctl.cron.finding import Finding, Stage
from jobctl.cron.schedule import Schedule
from jobctl.model.rows import Row
from jobctl.model.words import things


class Flavour(StrEnum):
    """Whose file of entries it is: that of the cron plugin, or Faktory Enterprise's own."""

    PLUGIN = "plugin"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class CronServer:
    """The server that reads a document, as far as the document tells.

    Attributes:
        flavour: the cron plugin's, or Faktory Enterprise.
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
    """

    number: int
    file: str
    line: int
    schedule: str | None
    parsed: Schedule | None
    jobtype: str | None
    queue: str
    job: dict[str, object]

    @property
    def content(self) -> str:
        """What it does, as text that can be compared."""
        return json.dumps([self.schedule, self.queue, self.job], sort_keys=True)

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
        findings: what is wrong, in order of place.
        enabled: whether entries run: always in Enterprise, else where the plugin is on.
        flavour: whose file it was read as.
    """

    document: Document
    entries: Sequence[CronEntry]
    findings: Sequence[Finding]
    enabled: bool
    flavour: Flavour = Flavour.PLUGIN


_ORDER = (
    (Stage.DOCUMENT,),
    (Stage.ENTRY,),
    (Stage.SCHEDULE, Stage.CRASH),
)


def verdict(crontab: Crontab) -> str:
    """Return it in a few words, by the first thing that the server would stumble over."""
    stop = first_stop(crontab)
    if stop is not None and stop.stage is Stage.DOCUMENT:
        return "the server does not start; a reload keeps the old configuration"
    if crontab.flavour is Flavour.ENTERPRISE:
        return _enterprise(crontab, stop)
    if not crontab.enabled:
        return "the plugin is off: the server starts, and no entry runs"
    if stop is None:
        if any(each.code == "hangs" for each in crontab.findings):
            return "the server starts, and hangs as soon as it looks for the next firing"
        count = len(crontab.entries)
        return f"the server starts with {counted(count)}"
    if stop.stage is Stage.CRASH:
        return "the server crashes at its start, and at a reload"
    if stop.stage is Stage.SCHEDULE:
        before = (stop.entry or 1) - 1
        rest = f"the {before:,} entries" if before > 1 else "the entry"
        kept = f"running only {rest} before it" if before else "no entry running"
        return f"the server does not start; a reload leaves {kept}"
    return "the server does not start; a reload keeps the old entries"


def _enterprise(crontab: Crontab, stop: Finding | None) -> str:
    """Return what Faktory Enterprise would do, as far as that is public."""
    if stop is None:
        return f"Faktory Enterprise runs {counted(len(crontab.entries))}"
    return f"Faktory Enterprise may refuse entry {stop.entry or 1:,}"


def counted(entries: int) -> str:
    """Return a count of entries in words."""
    return f"{entries:,} {'entry' if entries == 1 else 'entries'}"


def first_stop(crontab: Crontab) -> Finding | None:
    """Return the finding that the server stops at; None where it starts.

    All entries are read before the first schedule is: a wrong type further down comes first.
    """
    for stages in _ORDER:
        if not crontab.enabled and Stage.DOCUMENT not in stages:
            break
        stops = [each for each in crontab.findings if each.stage in stages]
        if stops:
            return min(stops, key=lambda each: each.entry or 0)
    return None


def files_summary(crontabs: Sequence[Crontab], findings: Sequence[Finding]) -> list[str]:
    """Return what to say of files that were checked: one line for all of them.

    Where they are several documents, a line follows for each that the server does not run.

    Args:
        crontabs: the documents that could be read.
        findings: all there are, those of files that could not be read too.
    """
    count = sum(len(crontab.entries) for crontab in crontabs)
    files = sum(len(crontab.document.parts) for crontab in crontabs)
    where = f"{files:,} {things(files, 'file')}"
    if count:
        where = f"{counted(count)} of {where}"
    if not findings:
        return [f"{where}: the server accepts {_them(count)}"]
    said = f"{_levels(findings)} in {where}"
    missed = sum(each.code == "unreadable" for each in findings)
    if missed:
        said += f"; {missed:,} {things(missed, 'file')} could not be read"
    if len(crontabs) == 1 and not missed:
        return [f"{said}; {verdict(crontabs[0])}"]
    stops = [crontab for crontab in crontabs if first_stop(crontab) or not crontab.enabled]
    return [said, *(f"{crontab.document.names[0]}: {verdict(crontab)}" for crontab in stops)]


def schedules_summary(findings: Sequence[Finding], count: int) -> str:
    """Return what to say of schedules that were checked."""
    where = f"{count:,} {things(count, 'schedule')}"
    if findings:
        return f"{_levels(findings)} in {where}"
    return f"{where}: the server accepts {_them(count)}"


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


def _levels(findings: Sequence[Finding]) -> str:
    errors = sum(each.is_error for each in findings)
    counts = ((errors, "error"), (len(findings) - errors, "warning"))
    return ", ".join(f"{count:,} {things(count, level)}" for count, level in counts if count)
