"""A wait, live on a terminal: how long, for what, and which jobs hold it up."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from jobctl.model.rows import Row
from jobctl.render.human import duration
from jobctl.render.safe import printable
from jobctl.render.table import make_table

_COLUMNS = ("jid", "jobtype", "queue", "reserved_at", "expires_at", "wid")


class Waiting:
    """Lines that are drawn over until it is stopped; then they are gone."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinner = Spinner("dots")
        self._live = Live(console=console, transient=True, auto_refresh=True)
        self._live.start()

    def update(self, text: str, rows: Sequence[Row], seconds: float, now: float) -> None:
        """Show what is waited for; `now` in unix seconds, for relative times."""
        line = Text.assemble((f"waiting, {duration(seconds)}", "bold"), f"  {printable(text)}")
        self._spinner.update(text=line)
        width = self._console.width
        table = make_table(rows, _COLUMNS, now, width=width).table if rows else Text()
        self._live.update(Group(self._spinner, table))

    def stop(self) -> None:
        """Take it away."""
        self._live.stop()
