"""What commands say of single entries of cron files: their rows, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from jobctl.cli.session import Session
from jobctl.cli.writing import say, write_rows
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.model.crontab.entry import CronEntry
    from jobctl.model.crontab.finding import Finding
    from jobctl.model.rows import Row

KEYS = ("file", "line", "entry", "schedule", "jobtype", "queue")


def entry_row(entry: CronEntry) -> Row:
    """Return an entry's row, under `KEYS`."""
    return {
        "file": entry.file,
        "line": entry.line,
        "entry": entry.number,
        "schedule": entry.schedule,
        "jobtype": entry.jobtype,
        "queue": entry.queue,
    }


def write_entries(
    session: Session, rows: Iterable[Row], columns: Sequence[str], now: float = 0.0
) -> None:
    """Write entries' rows in the session's format; ``ids`` are ``file:line``."""
    if session.format is Format.IDS:
        places: Iterable[Row] = ({"place": f"{row['file']}:{row['line']}"} for row in rows)
        write_rows(session, places, ("place",), now, ident="place")
    else:
        write_rows(session, rows, columns, now)


def say_finding(finding: Finding) -> None:
    """Say what is wrong, where, and what to do about it."""
    say(f"{finding.level}: {finding.file}:{finding.line}: {finding.message}")
    if finding.hint is not None:
        say(f"hint: {finding.hint}")
