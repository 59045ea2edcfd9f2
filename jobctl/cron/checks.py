"""Read a document of cron entries as the server reads it, and check each of them.

What is wrong with a job `job_checks` says, and with a schedule `lint`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from jobctl.cron.files import Document
from jobctl.cron.finding import Finding, Level, Notes, Stage, unfit_finding
from jobctl.cron.firing import same_instants
from jobctl.cron.job_checks import PUSH_CHECKS, START_CHECKS
from jobctl.cron.lint import lint
from jobctl.cron.schedule import Schedule
from jobctl.cron.toml import Parsed, Path, headed, parse, shown
from jobctl.errors import BadSchedule
from jobctl.model.words import near_name, things

_PIPES = ("-", "/dev/", "/proc/")  # stdin, and what a shell makes of <(..), have no name


def read_crontab(
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
        return crontab_of(parsed, flavour, now=now, local=local)
    return Crontab(document, (), (unfit_finding(document, parsed),), enabled=False)


def crontab_of(
    parsed: Parsed,
    flavour: Flavour | None = None,
    *,
    now: int | None = None,
    local: Clock | None = None,
) -> Crontab:
    """Read a document that was parsed already; for the arguments see `read_crontab`."""
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
    for key in table:
        near = near_name(key.lower(), ENTRY_KEYS)
        if key in ENTRY_KEYS or (near is not None and near not in table):
            continue  # that one is missing is said already, and names this one
        hint = "the plugin reads schedule and job"
        if near is not None:
            hint = f"did you mean {near}?"
        elif field_of(key) in JOB_KEYS:
            hint = "it belongs into [cron.job]"
        notes.warning((*path, key), "unknown-key", f"{key} is not read", hint)


def _check_duplicates(notes: Notes, entries: Sequence[CronEntry]) -> None:
    """Note entries whose schedule and job are those of an earlier one."""
    broken = {each.entry for each in notes.findings if each.stage is Stage.ENTRY}
    first: dict[str, CronEntry] = {}
    for entry in entries:
        if entry.number in broken:
            continue  # what is wrong in it is not in its job
        same = first.setdefault(entry.content, entry)
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


# Which server reads a document, whether it runs entries, and which ones it finds.
_ON = "[cron_plugin] with enabled = true"
_WHOLE = "where it stands in another file, validate their directory"


def find_server(notes: Notes, data: Mapping[str, object], flavour: Flavour | None) -> CronServer:
    """Return the server that reads a document; note why it runs no entry.

    Without `flavour` it is Faktory Enterprise where there are entries, and no table of the plugin.
    """
    others = [key for key in data if key != "cron"]
    if flavour is None and "cron" in data and near_name("cron_plugin", others) is None:
        flavour = Flavour.ENTERPRISE
        message = "without [cron_plugin] this is read as Faktory Enterprise reads it"
        hint = f"--flavour enterprise where that is meant; the cron plugin needs {_ON}"
        if not notes.document.directory:
            hint = f"{hint}; {_WHOLE}"
        notes.warning(("cron",), "flavour", message, hint)
    if flavour is Flavour.ENTERPRISE:
        return CronServer(flavour, enabled=True, uniq=True)
    enabled = _check_plugin(notes, data)
    table = data.get("uniq")
    uniq: bool | None = isinstance(table, dict) and table.get("enabled") is True
    if table is None and not notes.document.directory:
        uniq = None
    return CronServer(Flavour.PLUGIN, enabled, uniq)


def _check_plugin(notes: Notes, data: Mapping[str, object]) -> bool:
    """Return whether the plugin is on; note why it is not."""
    plugin = data.get("cron_plugin")
    enabled = plugin.get("enabled") if isinstance(plugin, dict) else None
    if isinstance(plugin, dict):
        for key in plugin:
            if key != "enabled" and ("enabled" in plugin or near_key("enabled", [key]) is None):
                message, here = f"{key} is not read", ("cron_plugin", key)
                notes.warning(here, "unknown-key", message, "only enabled is")
    if enabled is True:
        return True
    if enabled is False:
        message = "the plugin is off: no entry runs"
        notes.warning(("cron_plugin", "enabled"), "plugin-off", message, "enabled = true")
    elif enabled is not None:
        message = "enabled is not true: the plugin is off, and no entry runs"
        hint = "enabled = true, without quotes"
        here = ("cron_plugin", "enabled")
        notes.error(here, "plugin-off", message, hint)
    else:
        _missing(notes, data, plugin)
    return False


def _missing(notes: Notes, data: Mapping[str, object], plugin: object) -> None:
    """Note that nothing turns the plugin on."""
    near = near_key("enabled", plugin) if isinstance(plugin, dict) else None
    if near is not None:
        hint = f"is {near} meant to be enabled?"
        message = "the plugin is off, and no entry runs"
        notes.error(("cron_plugin", near), "plugin-off", message, hint)
    elif plugin is not None:
        message = "nothing is enabled here: the plugin is off, and no entry runs"
        notes.error(("cron_plugin",), "plugin-off", message, _ON)
    elif "cron" in data:
        message = "nothing turns the plugin on: no entry runs"
        near = near_name("cron_plugin", [key for key in data if key != "cron"])
        if near is not None:
            hint = f"is {near} meant to be [cron_plugin]?"
            notes.error((near,), "plugin-off", message, hint)
        elif notes.document.directory:
            notes.error(("cron",), "plugin-off", message, _ON)
        else:
            hint = f"{_ON}; {_WHOLE}"
            notes.warning(("cron",), "plugin-off", message, hint)


def find_entries(
    notes: Notes, data: Mapping[str, object], server: CronServer
) -> list[dict[str, object]]:
    """Return the tables of the entries; note where there are none, and why."""
    if "cron" not in data:
        _none(notes, data, plugin=server.enabled and server.flavour is Flavour.PLUGIN)
        return []
    for key in data:
        if key not in ("cron", "cron_plugin") and near_name(key.lower(), ("cron",)):
            message = f"{key} is not read: the entries are called cron"
            notes.warning((key,), "unknown-key", message, "did you mean [[cron]]?")
    cron = data["cron"]
    if cron == []:
        notes.warning(("cron",), "no-entries", "there is no entry in it", "[[cron]]")
        return []
    if not isinstance(cron, list) or not all(isinstance(item, dict) for item in cron):
        what = "a table" if isinstance(cron, dict) else "no array of tables"
        message = f"cron is {what}: the server finds no entry in it, and does not say so"
        hint = "[[cron]], with two pairs of brackets, begins an entry"
        notes.error(("cron",), "not-entries", message, hint)
        return []
    if not notes.scan.spot(("cron",)).header:
        message = "not every version of the server finds entries in an array in one line"
        notes.warning(("cron",), "inline-entries", message, "[[cron]] begins an entry")
    return cron


def _none(notes: Notes, data: Mapping[str, object], *, plugin: bool) -> None:
    near = near_name("cron", [key for key in data if key.lower() != "cron_plugin"])
    other = next((key for key in data if key.lower() == "cron"), near)
    hint = f"is {other} meant to be [[cron]]?" if other else "[[cron]] begins one"
    if not plugin:
        notes.whole(*notes.document.end(), "no-entries", "there is no entry", hint)
        return
    message = "the plugin is on, and there is no entry"
    if other:
        notes.error((other,), "no-entries", message, hint)
        return
    if not notes.document.directory:
        hint = f"{hint}; {_WHOLE}"
    notes.warning(("cron_plugin", "enabled"), "no-entries", message, hint)


def check_strays(notes: Notes) -> None:
    """Note the keys at the start of a file that fall into a table of the file before."""
    table, part = None, 0
    for each in notes.scan.statements:
        its = notes.document.part_of(each.line)
        if each.header:
            table, part = each, its
        elif table is not None and its > part:
            where = notes.document.place(table.line, table.column)
            file = notes.document.parts[its][0]
            more = _more(notes, its)
            message = (
                f"{shown(each.path[len(each.table) :])}{more} of {file} falls into "
                f"{headed(table.path)} of {where.file} line {where.line}"
            )
            hint = "begin the file with a header: the server reads its files as one document"
            notes.warning(each.path, "stray-key", message, hint)
            part = its  # one is enough for a file


def _more(notes: Notes, part: int) -> str:
    count = -1
    for each in notes.scan.statements:
        if notes.document.part_of(each.line) == part:
            if each.header:
                break
            count += 1
    return f" (and {count:,} more {things(count, 'key')})" if count > 0 else ""
