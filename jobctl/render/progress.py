"""Live lines on a terminal: a progress bar, and a wait."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.spinner import Spinner
from rich.text import Text

from jobctl.model.rows import Row
from jobctl.render.cells import duration
from jobctl.render.formats import printable
from jobctl.render.table import make_table


class Progress:
    """A bar for one phase; it disappears when stopped."""

    def __init__(self, console: Console, phase: str) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
            TextColumn("{task.fields[note]}", style="cyan"),
            TextColumn("{task.fields[rate]}", style="dim"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task(phase, total=1, note="", rate="")
        self._bar.start()

    def update(self, at: int, total: int, note: str) -> None:
        """Show how far it is."""
        speed = self._bar.tasks[0].speed
        rate = f"{speed:,.0f}/s" if speed else ""
        self._bar.update(self._task, completed=at, total=total, note=note, rate=rate)

    def stop(self) -> None:
        """Remove it from the terminal."""
        self._bar.stop()


_COLUMNS = ("jid", "jobtype", "queue", "reserved_at", "expires_at", "wid")


class Waiting:
    """Live lines; they disappear when stopped."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinner = Spinner("dots")
        self._live = Live(console=console, transient=True, auto_refresh=True)
        self._live.start()

    def update(self, text: str, rows: Sequence[Row], seconds: float, now: float) -> None:
        """Show how long the wait has lasted, and for what; `now` in unix seconds."""
        line = Text.assemble((f"waiting, {duration(seconds)}", "bold"), f"  {printable(text)}")
        self._spinner.update(text=line)
        width = self._console.width
        table = make_table(rows, _COLUMNS, now, width=width)[0] if rows else Text()
        self._live.update(Group(self._spinner, table))

    def stop(self) -> None:
        """Remove it from the terminal."""
        self._live.stop()
