"""A progress bar on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress:
    """A bar for one phase; it disappears when it is stopped."""

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
        """Take it away."""
        self._bar.stop()
