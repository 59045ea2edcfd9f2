"""What the server would do with a document, at its start and at a reload."""

from __future__ import annotations

from collections.abc import Sequence

from jobctl.cron.doubt import Code as DoubtCode
from jobctl.cron.entry import Crontab, Flavour
from jobctl.cron.finding import Code, Finding, Stage
from jobctl.model.words import things

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
        if any(each.code == DoubtCode.HANGS for each in crontab.findings):
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
    """Return the same of Faktory Enterprise, as far as it is public what it does."""
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
    missed = sum(each.code == Code.UNREADABLE for each in findings)
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
