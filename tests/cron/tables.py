"""Documents for tests: entries with what is being tested in them."""

from __future__ import annotations

from jobctl.cron.checks import read_crontab
from jobctl.cron.clock import Clock
from jobctl.cron.crontab import Crontab, Flavour
from jobctl.cron.files import Document

ON = "[cron_plugin]\nenabled = true\n"


def crontab(
    *texts: str,
    directory: bool = False,
    flavour: Flavour | None = None,
    now: int | None = None,
    local: Clock | None = None,
) -> Crontab:
    """Load a document of texts, its files called a.toml, b.toml and so on."""
    parts = [(f"{chr(97 + i)}.toml", text.encode()) for i, text in enumerate(texts)]
    return read_crontab(Document.of(parts, directory=directory), flavour, now=now, local=local)


def job(*lines: str, schedule: str = '"0 9 * * *"') -> str:
    """Return an entry whose job has a type, and these lines."""
    return "\n".join(["[[cron]]", f"schedule = {schedule}", "[cron.job]", 'type = "A"', *lines, ""])


def entries(*lines: tuple[str, str]) -> str:
    """Return a document of entries, each a schedule and the line of its job."""
    return ON + "".join(
        f'[[cron]]\nschedule = "{schedule}"\n[cron.job]\n{line}\n' for schedule, line in lines
    )


def told(found: Crontab) -> list[tuple[str, str, int | None, int | None]]:
    """Return level, code, line and column of each finding."""
    return [(each.level.value, each.code, each.line, each.column) for each in found.findings]
