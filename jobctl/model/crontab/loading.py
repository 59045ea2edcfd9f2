"""A document of cron entries, read as the server reads it."""

from __future__ import annotations

from jobctl.model.crontab.checking import check_entry
from jobctl.model.crontab.document import Document
from jobctl.model.crontab.entry import Crontab
from jobctl.model.crontab.finding import Code, Finding
from jobctl.model.crontab.notes import Notes
from jobctl.model.crontab.parsing import Parsed, parse
from jobctl.model.crontab.plugin import check_plugin, check_strays, find_entries
from jobctl.model.crontab.repeats import check_duplicates


def load(document: Document) -> Crontab:
    """Read a document: its entries, and what is wrong with them whatever the time.

    Where it is no TOML there are no entries, and one finding.
    """
    parsed = parse(document)
    if isinstance(parsed, Finding):
        return Crontab(document, (), (parsed,), enabled=False)
    return load_parsed(parsed)


def load_parsed(parsed: Parsed) -> Crontab:
    """Read what was parsed already, likewise."""
    document = parsed.document
    notes = Notes(document, parsed.scan)
    if document.marked:
        message = "not every version of the server reads a file with a byte order mark"
        notes.whole((1, 1), Code.BYTE_ORDER_MARK, message, hint="save the file without it")
    enabled = check_plugin(notes, parsed.data)
    tables = find_entries(notes, parsed.data, enabled=enabled)
    entries = tuple(check_entry(notes, i, table) for i, table in enumerate(tables, 1))
    check_strays(notes)
    check_duplicates(notes, entries)
    return Crontab(document, entries, notes.findings, enabled)
