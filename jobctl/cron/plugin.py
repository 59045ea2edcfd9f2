"""Which server reads a document, whether it runs entries, and which ones it finds."""

from __future__ import annotations

from collections.abc import Mapping

from jobctl.cron.crontab import CronServer, Flavour
from jobctl.cron.entry_job import near_key
from jobctl.cron.finding import Notes
from jobctl.cron.toml import headed, shown
from jobctl.model.words import near_name, things

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
