"""Read a document of cron entries as the server reads it, and check each of them.

Which server that is, and which tables are entries, `plugin` says; what is wrong with a job
`job_checks`, and with a schedule `lint`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile

from jobctl.cron.clock import Clock
from jobctl.cron.crontab import CronEntry, CronServer, Crontab, Flavour
from jobctl.cron.entry_job import (
    ENTRY_KEYS,
    JOB_KEYS,
    JobTable,
    field_of,
    kind_of,
    near_key,
    server_job,
)
from jobctl.cron.fields import Every
from jobctl.cron.files import Document
from jobctl.cron.finding import Finding, Level, Notes, Stage, unfit_finding
from jobctl.cron.job_checks import PUSH_CHECKS, START_CHECKS
from jobctl.cron.lint import lint
from jobctl.cron.plugin import check_strays, find_entries, find_server
from jobctl.cron.schedule import Schedule
from jobctl.cron.toml import Parsed, Path, parse
from jobctl.errors import BadSchedule, HangingSchedule
from jobctl.model.times import Instant
from jobctl.model.words import listed, near_name, things

_PIPES = ("-", "/dev/", "/proc/")  # stdin, and what a shell makes of <(..), have no name
_YEAR = 366 * 86400
_FIRINGS = 10_000  # of an entry that are compared with others': a year of every hour
_ALL_FIRINGS = 500_000  # of a document: half a second


def load(
    document: Document,
    flavour: Flavour | None = None,
    *,
    now: int | None = None,
    local: Clock | None = None,
) -> Crontab:
    """Read a document: its entries, and what is wrong with them.

    Where it is no TOML there are no entries, and one finding.

    Args:
        document: its files.
        flavour: whose they are; without it, what they look like.
        now: unix seconds: what depends on the time is checked for the year after it. Without it,
            only what does not.
        local: the server's clock, for schedules without a zone; UTC without it.
    """
    parsed = parse(document)
    if isinstance(parsed, Parsed):
        return load_parsed(parsed, flavour, now=now, local=local)
    return Crontab(document, (), (unfit_finding(document, parsed),), enabled=False)


def load_parsed(
    parsed: Parsed,
    flavour: Flavour | None = None,
    *,
    now: int | None = None,
    local: Clock | None = None,
) -> Crontab:
    """Read a document that was parsed already; for the arguments see `load`."""
    document = parsed.document
    notes = Notes(parsed)
    if document.marked:
        message = "not every version of the server reads a file with a byte order mark"
        notes.whole(1, 1, "byte-order-mark", message, "save the file without it")
    name = document.names[0]
    if not (document.directory or name.endswith(".toml") or name.startswith(_PIPES)):
        message = "the server reads no file of this name, only conf.d/*.toml"
        notes.whole(1, 1, "not-toml-name", message, "rename it")
    server = find_server(notes, parsed.data, flavour)
    tables = find_entries(notes, parsed.data, server)
    entries = tuple(_check_entry(notes, i, table, server) for i, table in enumerate(tables, 1))
    check_strays(notes)
    _check_duplicates(notes, entries)
    if now is not None:
        _check_times(notes, entries, now, local or Clock.named("UTC"))
    return Crontab(document, entries, notes.findings, server.enabled, server.flavour)


def _check_entry(
    notes: Notes, number: int, table: Mapping[str, object], server: CronServer
) -> CronEntry:
    """Note what is wrong with an entry, and return it as far as it can be read."""
    path: Path = ("cron", number - 1)
    schedule, parsed = _read_schedule(notes, path, table)
    _check_keys(notes, path, table)
    made = _read_job(notes, path, table, server)
    queue, jobtype = made.get("queue"), made.get("jobtype")
    begins = notes.key(path)
    return CronEntry(
        number=number,
        file=begins.file,
        line=begins.line,
        schedule=schedule,
        parsed=parsed,
        jobtype=jobtype if isinstance(jobtype, str) else None,
        queue=queue if isinstance(queue, str) and queue else "default",
        job=made,
    )


def _read_schedule(
    notes: Notes, path: Path, table: Mapping[str, object]
) -> tuple[str | None, Schedule | None]:
    """Return the schedule's text and what it says; note why the server refuses it."""
    here, text = (*path, "schedule"), table.get("schedule")
    if "schedule" not in table:
        near = near_key("schedule", table)
        hint = f"is {near} meant to be schedule?" if near else "schedule = '0 9 * * *'"
        notes.error(path, "missing-schedule", "no schedule", hint, stage=Stage.ENTRY)
        return None, None
    if not isinstance(text, str):
        message = f"schedule must be a string, not {kind_of(text)}"
        notes.error(here, "wrong-type", message, "put it into quotes", stage=Stage.ENTRY)
        return None, None
    try:
        return text, Schedule.parse(text)
    except BadSchedule as error:
        # Go slices the text up to a blank that is not there.
        crashes = text.startswith(("TZ=", "CRON_TZ=")) and " " not in text
        notes.error(
            here,
            "bad-schedule",
            error.message,
            error.hint,
            stage=Stage.CRASH if crashes else Stage.SCHEDULE,
            position=error.at[1] if error.at and notes.scan.spot(here).plain else None,
        )
        return text, None


def _read_job(
    notes: Notes, path: Path, table: Mapping[str, object], server: CronServer
) -> dict[str, object]:
    """Return the job that the server makes of an entry; note what is wrong with it."""
    here, job = (*path, "job"), table.get("job")
    if "job" not in table:
        near = near_key("job", table)
        hint = f"is {near} meant to be job?" if near else "[cron.job] below the entry"
        notes.error(path, "missing-job", "no job", hint, stage=Stage.ENTRY)
        return {}
    if not isinstance(job, dict):
        hint = "[cron.job] below the entry, with one pair of brackets"
        message = f"job must be a table, not {kind_of(job)}"
        notes.error(here, "wrong-type", message, hint, stage=Stage.ENTRY)
        return {}
    made = server_job(job)
    checked = JobTable(job, made, server)
    for checks, stage in ((START_CHECKS, Stage.ENTRY), (PUSH_CHECKS, Stage.NOTHING)):
        for each in (remark for check in checks for remark in check(checked)):
            where = (*here, *each.path)
            if each.level is Level.ERROR:
                notes.error(where, each.code, each.message, each.hint, stage=stage)
            else:
                notes.warning(where, each.code, each.message, each.hint)
    return made


def _check_keys(notes: Notes, path: Path, table: Mapping[str, object]) -> None:
    """Note the keys of an entry that the plugin does not read."""
    for key, value in table.items():
        near = near_name(key.lower(), ENTRY_KEYS)
        if key in ENTRY_KEYS or (near is not None and near not in table):
            continue  # that one is missing is said already, and names this one
        lost = ""
        if value and type(value) is dict:
            lost = f": what it holds is lost ({listed(list(value))})"
        hint = "the plugin reads schedule and job"
        if near is not None:
            hint = f"did you mean {_header(near, value)}?"
        elif field_of(key) in JOB_KEYS:
            hint = "it belongs into [cron.job]"
        notes.warning((*path, key), "unknown-key", f"{key} is not read{lost}", hint)


def _header(near: str, value: object) -> str:
    """Return how a near name is written: as a header where a header was."""
    if near != "job" or not isinstance(value, dict) or not value:
        return near
    within = next(iter(value.values()))
    if len(value) == 1 and isinstance(within, list) and all(isinstance(it, dict) for it in within):
        return f"[[cron.job.{next(iter(value))}]]"
    return "[cron.job]"


def _check_duplicates(notes: Notes, entries: Sequence[CronEntry]) -> None:
    """Note entries whose schedule and job are those of an earlier one."""
    broken = {each.entry for each in notes.findings if each.stage is Stage.ENTRY}
    first: dict[str, CronEntry] = {}
    for entry in entries:
        if entry.number in broken:
            continue  # what is wrong in it is not in its job
        same = first.setdefault(_content(entry), entry)
        if same is not entry:
            message = f"the same schedule and job as {same.seen_from(entry.file)}"
            hint = "leave one of them out: each firing makes the job twice"
            notes.warning(("cron", entry.number - 1), "duplicate", message, hint)


def _check_times(notes: Notes, entries: Sequence[CronEntry], now: int, local: Clock) -> None:
    """Note what is wrong with schedules, and which entries fire at the same instant."""
    known: dict[str, list[Finding]] = {}
    for entry in entries:
        if entry.parsed is not None:
            if entry.parsed.text not in known:
                known[entry.parsed.text] = lint(entry.parsed, now, local)
            notes.of_schedule(entry.number, known[entry.parsed.text])
    for entry, other, when in same_instants(entries, now, local):
        message = (
            f"fires at the same instant as {other.seen_from(entry.file)}, "
            f"with the same type and queue: {when}"
        )
        hint = "if both are meant, move one by a minute"
        finding = Finding(Level.WARNING, "same-instant", message, hint)
        notes.of_schedule(entry.number, [finding])


def same_instants(
    entries: Sequence[CronEntry], now: int, local: Clock
) -> Iterator[tuple[CronEntry, CronEntry, str]]:
    """Yield each entry that fires together with an earlier one, that one, and when, in words.

    Only those with the same type and queue are compared, in the year from `now` on, and of what
    fires often the first firings alone. Intervals meet intervals: nobody knows when they begin.
    """
    groups: dict[tuple[str, str, bool], dict[str, CronEntry]] = {}
    for entry in entries:
        if entry.parsed is not None and entry.jobtype:
            every = isinstance(entry.parsed.plan, Every)
            group = groups.setdefault((entry.jobtype, entry.queue, every), {})
            group.setdefault(_content(entry), entry)  # that one is there twice is said already
    left = _ALL_FIRINGS
    for (_, _, interval), group in groups.items():
        seen: dict[int, CronEntry] = {}
        for entry in group.values() if len(group) > 1 else ():
            met = None
            for at in _firings_of(entry, now, local, min(left, _FIRINGS)):
                left -= 1
                other = seen.setdefault(at, entry)
                if met is None and other is not entry:
                    met = other, _after_start(at - now) if interval else Instant(at).rfc3339()
            if met is not None:
                yield (entry, *met)


def _firings_of(entry: CronEntry, now: int, local: Clock, most: int) -> Iterator[int]:
    if entry.parsed is None:
        return
    try:
        firings = entry.parsed.seconds(now, local)
        yield from islice(takewhile(lambda at: at <= now + _YEAR, firings), most)
    except HangingSchedule:
        return  # that is said already


def _after_start(seconds: int) -> str:
    return f"{seconds:,} {things(seconds, 'second')} after the server's start"


def _content(entry: CronEntry) -> str:
    """Return what an entry does, as text that can be compared."""
    return json.dumps([entry.schedule, entry.queue, entry.job], sort_keys=True)
