"""A document of cron entries, read as the server reads it."""

from __future__ import annotations

from jobctl.cron.checking import check_entry
from jobctl.cron.document import Document
from jobctl.cron.entry import Crontab, Flavour
from jobctl.cron.finding import Code, Finding
from jobctl.cron.notes import Notes
from jobctl.cron.parsing import Parsed, parse
from jobctl.cron.plugin import check_strays, find_entries, find_server
from jobctl.cron.repeats import check_duplicates

_PIPES = ("-", "/dev/", "/proc/")  # stdin, and what a shell makes of <(..), have no name


def load(document: Document, flavour: Flavour | None = None) -> Crontab:
    """Read a document: its entries, and what is wrong with them whatever the time.

    Where it is no TOML there are no entries, and one finding.

    Args:
        document: its files.
        flavour: whose they are; without it, what they look like.
    """
    parsed = parse(document)
    if isinstance(parsed, Finding):
        return Crontab(document, (), (parsed,), enabled=False)
    return load_parsed(parsed, flavour)


def load_parsed(parsed: Parsed, flavour: Flavour | None = None) -> Crontab:
    """Read what was parsed already, likewise."""
    document = parsed.document
    notes = Notes(document, parsed.scan)
    if document.marked:
        message = "not every version of the server reads a file with a byte order mark"
        notes.whole((1, 1), Code.BYTE_ORDER_MARK, message, hint="save the file without it")
    name = document.names[0]
    if not (document.directory or name.endswith(".toml") or name.startswith(_PIPES)):
        message = "the server reads no file of this name, only conf.d/*.toml"
        notes.whole((1, 1), Code.NOT_TOML_NAME, message, hint="rename it")
    server = find_server(notes, parsed.data, flavour)
    tables = find_entries(notes, parsed.data, server)
    entries = tuple(check_entry(notes, i, table, server) for i, table in enumerate(tables, 1))
    check_strays(notes)
    check_duplicates(notes, entries)
    return Crontab(document, entries, notes.findings, server.enabled, server.flavour)
