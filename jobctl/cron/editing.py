"""Edits of a file of cron entries: read once, changed by lines, read back.

What is not touched is never written anew: an entry is added or taken out by lines, so every other
byte stays. That nothing else changes in meaning either is read back from the result.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import tomlkit
from tomlkit.items import InlineTable, Table

from jobctl.cron.document import Document
from jobctl.cron.finding import Finding
from jobctl.cron.parsing import Parsed, parse, shown
from jobctl.cron.spans import entry_spans
from jobctl.errors import BadCronFile, UsageProblem

_ENABLING = "[cron_plugin]\nenabled = true\n"


@dataclass(frozen=True, slots=True)
class _Style:
    """How a file's last entry is written.

    Attributes:
        indents: what stands before its headers (``[cron.job]``) and its keys (``cron.job``).
        tight: whether no blank line stands above ``[cron.job]``.
    """

    indents: Mapping[str, str]
    tight: bool

    def of(self, name: str) -> str:
        """Return the indent of a header or of keys; what is unknown goes a step further."""
        if name in self.indents:
            return self.indents[name]
        job, keys = self.indents.get("[cron.job]", ""), self.indents.get("cron.job", "")
        step = keys.removeprefix(job)
        return {"[cron.job.custom]": keys, "cron.job.custom": keys + step}.get(name, "")


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to be added.

    Attributes:
        schedule: its text.
        job: what stands in ``[cron.job]``, in order; its tables are written below it.
        comment: text above it; empty for none.
    """

    schedule: str
    job: Mapping[str, object]
    comment: str = ""


def read_file(name: str, raw: bytes) -> Parsed:
    """Read a file that is to be edited: its name and its bytes.

    Raises:
        BadCronFile: it cannot be read as TOML.
    """
    parsed = parse(Document.of([(name, raw)]))
    if isinstance(parsed, Finding):
        where = f"{name}:{parsed.line}:{parsed.column}"
        message = f"{where}: {parsed.message}: it is changed only once it can be read"
        raise BadCronFile(message, hint=parsed.hint, at=parsed.at)
    return parsed


def add_entry(old: Parsed, entry: NewEntry, *, enable: bool = False) -> Parsed:
    """Return a file with an entry at its end.

    Args:
        old: the file; a new one is empty.
        entry: what to add.
        enable: turn the plugin on where the file does not say whether it is.

    Raises:
        BadCronFile: it takes no entry at its end.
        UsageProblem: the file turns the plugin off, or something cannot be written as TOML.
    """
    parts = []
    if enable and not _enabled(old):
        parts.append(_ENABLING)
    parts.append(_styled(_legal(_text(entry)), _style_of(old)))
    whole = _joined(old.document.raw, "\n".join(parts))
    cron = old.data.get("cron", [])
    wanted = dict(old.data)
    if len(parts) > 1:
        wanted["cron_plugin"] = {"enabled": True}
    if isinstance(cron, list):
        wanted["cron"] = [*cron, {"schedule": entry.schedule, "job": entry.job}]
    return _checked(old, whole, wanted, "no [[cron]] can be added at its end")


def remove_entries(old: Parsed, numbers: Collection[int]) -> Parsed:
    """Return a file without some of its entries, with all of their tables.

    Args:
        old: the file.
        numbers: of the entries, from 1 on, each of them there.

    Raises:
        BadCronFile: its entries are not parted by lines.
    """
    cron = old.data.get("cron", [])
    wanted = dict(old.data)
    if isinstance(cron, list):
        wanted["cron"] = [table for i, table in enumerate(cron, 1) if i not in numbers]
    if not wanted["cron"]:
        del wanted["cron"]
    lines = old.document.raw.split(b"\n")
    gone: set[int] = set()
    for span in entry_spans(old):
        if span.entry in numbers:
            gone.update(range(span.first, span.last + 1))
    gone |= _blanks(lines, gone)
    whole = _without(lines, gone)
    return _checked(old, whole, wanted, "its entries cannot be taken out by lines")


def _checked(old: Parsed, whole: bytes, wanted: Mapping[str, object], problem: str) -> Parsed:
    """Read the result back: it says what is wanted, and nothing else."""
    (name,) = old.document.names
    parsed = parse(Document.of([(name, whole)]))
    if isinstance(parsed, Finding) or _canonical(parsed.data) != _canonical(wanted):
        hint = "entries that [[cron]] begins can be changed: edit this one by hand"
        raise BadCronFile(f"{name}: {problem}; nothing was changed", hint=hint)
    return parsed


def _canonical(data: object) -> str:
    """Return data as text: nan equals itself there, and the order of keys does not matter."""
    return json.dumps(data, sort_keys=True, default=repr)


def _enabled(old: Parsed) -> bool:
    """Return whether the file turns the plugin on already."""
    plugin = old.data.get("cron_plugin")
    if plugin is None:
        return False
    if isinstance(plugin, dict) and plugin.get("enabled") is True:
        return True
    line = old.scan.spots[("cron_plugin",)].line
    message = f"--enable: [cron_plugin] is there, in line {line}, and does not turn the plugin on"
    raise UsageProblem(message, hint="write enabled = true there by hand")


def _text(entry: NewEntry) -> str:
    """Return the lines of an entry."""
    document = tomlkit.document()
    table, job = tomlkit.table(), tomlkit.table()
    table["schedule"] = entry.schedule
    for key, value in entry.job.items():
        job[key] = _own_table(value) if isinstance(value, dict) else _inline(value)
    table["job"] = job
    entries = tomlkit.aot()
    entries.append(table)
    document["cron"] = entries
    # Not splitlines: that would break at characters that end no line of TOML.
    above = "".join(f"# {line}".rstrip(" ") + "\n" for line in entry.comment.split("\n"))
    return (above if entry.comment else "") + tomlkit.dumps(document)


def _legal(text: str) -> str:
    """Refuse what no TOML can hold: control characters in a comment, bytes that are no UTF-8."""
    parsed = parse(Document.of([("", text.encode("utf-8", "surrogatepass"))]))
    if isinstance(parsed, Finding):
        raise UsageProblem(f"TOML cannot hold this entry: {parsed.message}", hint=parsed.hint)
    return text


def _style_of(parsed: Parsed) -> _Style:
    lines = parsed.document.lines
    indents, tight = {}, False
    for each in parsed.scan.statements:
        table = shown(each.table)
        if each.path[:1] == ("cron",):
            indents[f"[{table}]" if each.header else table] = lines[each.line - 1][
                : each.column - 1
            ]
        if each.header and table == "cron.job":
            tight = bool(lines[each.line - 2].strip())
    return _Style(indents, tight)


def _styled(text: str, style: _Style) -> str:
    """Return the lines of an entry as those of the last one are written."""
    table, lines = "", []
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("["):
            table = line.strip("[]")
        name = f"[{table or 'cron'}]" if line.startswith(("[", "#")) else table
        if line or not style.tight:
            lines.append(style.of(name) + line if line else "")
    return "\n".join(lines) + "\n"


def _own_table(value: Mapping[str, object]) -> Table:
    table = tomlkit.table()
    for key, item in value.items():
        table[key] = _inline(item)
    return table


def _inline(value: object) -> object:
    """Return a value as it stands behind an equals sign; tomlkit would give lists headers."""
    if isinstance(value, dict):
        made: InlineTable = tomlkit.inline_table()
        made.update(value)
        return made
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend(value)
        return array
    return value


def _joined(raw: bytes, text: str) -> bytes:
    """Put lines behind a file, in its own line breaks, a blank line in between."""
    end = b"\r\n" if b"\r\n" in raw else b"\n"
    between = b""
    if raw and not raw.endswith(b"\n"):
        between = end
    if raw.removeprefix(b"\xef\xbb\xbf").strip() and not _ends_blank(raw):
        between += end
    return raw + between + text.encode("utf-8", "surrogatepass").replace(b"\n", end)


def _ends_blank(raw: bytes) -> bool:
    return raw.endswith(b"\n") and not raw[:-1].rpartition(b"\n")[2].strip()


def _blanks(lines: Sequence[bytes], gone: set[int]) -> set[int]:
    """Return the blank lines behind what is taken out; before it, where nothing follows."""
    more: set[int] = set()
    for line in gone:
        behind = line + 1
        while behind <= len(lines) and behind not in gone and not lines[behind - 1].strip():
            more.add(behind)
            behind += 1
    rest = [n for n in range(1, len(lines) + 1) if n not in gone and n not in more]
    kept = [n for n in rest if lines[n - 1].strip()]
    end = kept[-1] if kept else 0
    if any(line > end for line in gone):
        more |= {n for n in rest if n > end}
    return more


def _without(lines: Sequence[bytes], gone: set[int]) -> bytes:
    """Return lines without some; the last one that is left is ended as it was."""
    last = len(lines)
    ended = [line + b"\n" if n < last else line for n, line in enumerate(lines, 1)]
    return b"".join(line for n, line in enumerate(ended, 1) if n not in gone)
