"""Edit a file of cron entries: read once, changed by lines, read back.

What is not touched is never written anew: an entry is added or taken out by lines, so every other
byte stays. That nothing else changes in meaning either is read back from the result.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from tomlkit.items import InlineTable, Table

from jobctl.cron.checks import crontab_of, read_crontab
from jobctl.cron.clock import Clock
from jobctl.cron.crontab import Crontab, Flavour
from jobctl.cron.files import Document, Unfit, read_documents
from jobctl.cron.finding import Finding
from jobctl.cron.toml import Parsed, parse
from jobctl.errors import BadCronFile, UsageProblem

_ENABLING = "[cron_plugin]\nenabled = true\n"
_TIGHT = re.compile(rb"[^\n\r]\r?\n[ \t]*\[cron\.job\]")  # no blank line above the header
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
FOLDER = "conf.d"
_OF_THE_FOLDER = ("no-effect", "bad-unique")  # findings that its other files decide
_NUMBER = re.compile(r"\d[\d,]*")


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
    document = Document.of([(name, raw)])
    parsed = parse(document)
    if isinstance(parsed, Unfit):
        where = f"{name}:{parsed.line}:{parsed.column}"
        message = f"{where}: {parsed.message}: it is changed only once it can be read"
        line = document.line(parsed.line)
        raise BadCronFile(message, hint=parsed.hint, at=(line, min(parsed.column - 1, len(line))))
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
    wanted, text = dict(old.data), _legal(_text(entry))
    if _TIGHT.search(old.document.raw):
        text = "".join(f"{line}\n" for line in text.split("\n") if line)
    if enable and not _enabled(old):
        wanted["cron_plugin"] = {"enabled": True}
        text = f"{_ENABLING}\n{text}"
    cron = old.data.get("cron", [])
    if isinstance(cron, list):
        wanted["cron"] = [*cron, {"schedule": entry.schedule, "job": entry.job}]
    whole = _joined(old.document.raw, text)
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
    spans = [span for span in entry_spans(old) if span.entry in numbers]
    gone = {line for span in spans for line in range(span.first, span.last + 1)}
    whole = _without(old.document.raw, gone)
    return _checked(old, whole, wanted, "its entries cannot be taken out by lines")


def _checked(old: Parsed, whole: bytes, wanted: Mapping[str, object], problem: str) -> Parsed:
    """Read the result back: it says what is wanted, and nothing else."""
    (name,) = old.document.names
    parsed = parse(Document.of([(name, whole)]))
    if isinstance(parsed, Unfit) or _canonical(parsed.data) != _canonical(wanted):
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
    if isinstance(parsed, Unfit):
        raise UsageProblem(f"TOML cannot hold this entry: {parsed.message}", hint=parsed.hint)
    return text


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


def _without(raw: bytes, gone: Collection[int]) -> bytes:
    """Return a file without some lines, and without the blank ones behind them.

    Where nothing follows, the blank ones before them go instead.
    """
    kept: list[bytes] = []
    behind = False
    for n, line in enumerate(_LINE.findall(raw), 1):
        behind = n in gone or (behind and not line.strip())
        if not behind:
            kept.append(line)
    while behind and kept and not kept[-1].strip():
        kept.pop()
    return b"".join(kept)


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of one entry, from 1 on, the last one included.

    Most entries have one; one whose tables stand apart, with others in between, has several.

    Attributes:
        entry: its number, from 1 on.
    """

    entry: int
    first: int
    last: int


def entry_spans(parsed: Parsed) -> tuple[Span, ...]:
    """Return the lines of each entry that headers make, in order.

    Comments between its lines belong to an entry. So does a block of them directly above its first
    header, no blank line in between, unless it begins the file; and one directly below its last
    line where a blank line, or the end, follows.
    """
    lines = parsed.document.lines[:-1]  # the last one is the line feed behind the last file
    spans: list[Span] = []
    mine: int | None = None
    for each in parsed.scan.statements:
        before = mine
        if each.header:
            mine = _number(each.path)
        if mine is None:
            continue
        if each.header and mine != before:
            spans.append(Span(mine, each.line, each.end))
        else:
            spans[-1] = Span(mine, spans[-1].first, each.end)
    begun: set[int] = set()
    whole = []
    for span in spans:
        first = span.first if span.entry in begun else _above(lines, span.first)
        begun.add(span.entry)
        whole.append(Span(span.entry, first, _below(lines, span.last)))
    return tuple(whole)


def _number(path: Sequence[str | int]) -> int | None:
    """Return the number of the entry that a header's path is of."""
    if len(path) > 1 and path[0] == "cron" and isinstance(path[1], int):
        return path[1] + 1
    return None


def _above(lines: Sequence[str], first: int) -> int:
    """Return the first line with the comments above it; those that begin the file are its head."""
    line = first
    while line > 1 and _is_comment(lines[line - 2]):
        line -= 1
    return first if line == 1 else line


def _below(lines: Sequence[str], last: int) -> int:
    """Return the last line with the comments below it that are not those of what follows."""
    line = last
    while line < len(lines) and _is_comment(lines[line]):
        line += 1
    return line if line == len(lines) or not lines[line].strip() else last


def _is_comment(line: str) -> bool:
    return line.lstrip(" \t").startswith("#")


@dataclass(frozen=True, slots=True)
class Edited:
    """A file before and after an edit.

    Attributes:
        before: what it was; None where there was none.
        after: what it would be.
        worse: what is wrong with it afterwards, and was not before.
        own: message and line of what is wrong with the file by itself.
    """

    before: Crontab | None
    after: Crontab
    worse: tuple[Finding, ...]
    own: frozenset[tuple[str, int | None]]


def judge(
    path: str,
    old: Parsed | None,
    new: Parsed,
    now: int,
    local: Clock,
    flavour: Flavour | None = None,
) -> Edited:
    """Compare what the server says of a file before and after an edit.

    Of a file in a folder named ``conf.d`` the document of all files there is compared, which is
    what the server reads.

    Args:
        path: of the file.
        old: what it is; None where there was none.
        new: what it would be.
        now: unix seconds; when entries fire is looked at in the year after it.
        local: the server's own clock.
        flavour: whose file it is; without it, what the whole looks like.

    Raises:
        BadCronFile: another file of the folder cannot be read.
    """
    old_raw, new_raw = None if old is None else old.document.raw, new.document.raw
    was, becomes = _documents(path, old_raw, new_raw)
    whole = read_crontab(becomes, flavour, now=now, local=local)
    known = read_crontab(was, flavour, now=now, local=local).findings if was.parts else ()
    before = None if old is None else crontab_of(old, whole.flavour)
    after = crontab_of(new, whole.flavour, now=now, local=local)
    folder = _OF_THE_FOLDER if becomes.directory else ()
    own = {(each.message, each.line) for each in after.findings if each.code not in folder}
    return Edited(before, after, tuple(_new(known, whole.findings)), frozenset(own))


def _documents(path: str, old: bytes | None, new: bytes) -> tuple[Document, Document]:
    """Return the document that a file is part of, before and after."""
    # Links stay as they are: the server takes the names that it finds in the folder.
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100
    in_folder = folder.name == FOLDER and path.endswith(".toml")
    others: list[tuple[str, bytes]] = []
    if in_folder and any(file.name.endswith(".toml") for file in folder.iterdir()):
        parts = read_documents([str(Path(path).parent)])[0].parts
        others = [part for part in parts if Path(part[0]).name != Path(path).name]
    made = []
    for raw in (old, new):
        parts = (*others, *([] if raw is None else [(path, raw)]))
        ordered = sorted(parts, key=lambda part: os.fsencode(Path(part[0]).name))
        made.append(Document.of(ordered, directory=in_folder))
    return made[0], made[1]


def _new(before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
    """Return the findings that were not there before; their lines and numbers may be others."""
    known = Counter(_alike(each) for each in before)
    found = []
    for each in after:
        key = _alike(each)
        if known[key]:
            known[key] -= 1
        else:
            found.append(each)
    return found


def _alike(finding: Finding) -> tuple[str, str]:
    return finding.code, _NUMBER.sub("#", finding.message)
