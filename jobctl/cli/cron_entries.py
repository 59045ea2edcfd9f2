"""What commands that read files of cron entries have in common: documents, places, errors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from jobctl.cli.cron_options import flavour
from jobctl.cli.output import say, write_rows
from jobctl.cli.session import Session
from jobctl.errors import Exit
from jobctl.render.formats import Format
from jobctl.render.safe import printable_json

if TYPE_CHECKING:
    from jobctl.cron.crontab import Crontab
    from jobctl.cron.files import Document, Unreadable
    from jobctl.cron.finding import Finding
    from jobctl.model.rows import Row


def write_entries(
    session: Session, rows: Iterable[Row], columns: Sequence[str], now: float = 0.0
) -> None:
    """Write rows with a file and a line in the session's format; ``ids`` are ``file:line``."""
    if session.format is Format.IDS:
        places = (_place(row) for row in rows)
        write_rows(session, places, ("place",), now, ident="place")
    else:
        write_rows(session, rows, columns, now)


def _place(row: Row) -> Row:
    file, line = row["file"], row["line"]
    return {"place": file if line is None else f"{file}:{line}"}


def read_files(paths: Sequence[str], *, unreadable: Unreadable | None = None) -> list[Document]:
    """Return the documents of files, directories and ``-``, each of them once.

    `unreadable` is told of what cannot be read where it is not the only one; else that is raised.

    Raises:
        NotFound: there is no such file, or no ``*.toml`` in a directory.
        BadCronFile: it cannot be read.
        UsageProblem: ``-`` is given, and stdin is a terminal.
    """
    from jobctl.cli.stdin import open_stdin
    from jobctl.cron.files import STDIN, read_documents

    named = tuple(dict.fromkeys(paths))
    stdin = open_stdin("a file of cron entries") if STDIN in named else None
    return read_documents(named, stdin, unreadable=unreadable if len(named) > 1 else None)


def read_crontabs(session: Session, paths: Sequence[str]) -> list[Crontab]:
    """Return the same with their entries, and what is wrong with them; errors are the same."""
    from jobctl.cron.checks import load

    return [load(document, flavour(session)) for document in read_files(paths)]


def say_problems(session: Session, crontabs: Sequence[Crontab]) -> dict[tuple[str, int], str]:
    """Say the errors in documents, and where no entry runs; return the first error of each entry.

    Its key is the file and line that the entry begins in.
    """
    problems: dict[tuple[str, int], str] = {}
    for crontab in crontabs:
        for each in crontab.findings:
            if each.is_error:
                say_finding(session, each)
                known = each.entry is not None and each.entry <= len(crontab.entries)
                entry = crontab.entries[each.entry - 1] if known and each.entry else None
                place = (entry.file, entry.line) if entry else (each.file or "", each.line or 0)
                problems.setdefault(place, each.message)
            elif each.code in ("plugin-off", "flavour"):
                say_finding(session, each)
    return problems


def say_finding(session: Session, finding: Finding) -> None:
    """Say what is wrong, where, and what to do about it."""
    message = f"{finding.file}:{finding.line}: {finding.message}"
    if finding.is_error:
        say_error(session, message, finding.hint)
        return
    say(f"{finding.level}: {message}")
    if finding.hint is not None:
        say(f"hint: {finding.hint}")


def say_error(session: Session, message: str, hint: str | None = None) -> None:
    """Say one of several errors; an object where the output is JSON."""
    if session.in_json:
        told = {"code": Exit.PROBLEMS.value, "message": message, "hint": hint}
        say(printable_json(json.dumps(told)))
        return
    say(f"error: {message}")
    if hint is not None:
        say(f"hint: {hint}")
