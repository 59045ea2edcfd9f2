"""What is told of a status record wherever it is told: its state, how far it is, what was when."""

from __future__ import annotations

from rich.text import Text

from jobctl.model.jobba import KILL_REQUESTED, MOMENTS, RecordState
from jobctl.model.jsontext import Number, text_of
from jobctl.model.record import Record
from jobctl.render.human import bar, whole_percent
from jobctl.render.timeline import shortened, timeline

_STYLES = {
    RecordState.QUEUED: "bold blue",
    RecordState.STARTED: "bold cyan",
    RecordState.SUCCEEDED: "bold green",
    RecordState.FAILED: "bold red",
    RecordState.KILLED: "bold yellow",
}
_SHORT = 300  # characters of a value that stands in a line with others


def state_text(record: Record) -> Text:
    """Return its state in its colour; what stands there instead, in odd data."""
    state, said = record.state, record.values.get("state")
    if state is not None:
        return Text(state.value, style=_STYLES.get(state, "bold"))
    return Text("no state" if said is None else shortened(text_of(said), _SHORT), style="bold")


def progress_text(progress: object, width: int) -> str:
    """Return a progress in percent, on its way behind a bar of so many cells; none is ""."""
    if isinstance(progress, Number):
        progress = float(progress.text)
    if progress is None:
        return ""
    if isinstance(progress, int | float) and not isinstance(progress, bool) and 0 <= progress <= 1:
        drawn = f"{bar(progress, width)} " if 0 < progress < 1 else ""
        return f"{drawn}{whole_percent(progress)}%"
    return f"{shortened(text_of(progress), _SHORT)}, which is no progress"


def record_timeline(record: Record, now: float) -> list[Text]:
    """Return a line for each of its times, in order; `now` in unix seconds."""
    names = (*MOMENTS, KILL_REQUESTED)
    return timeline(((_what(name), record.moment(name)) for name in names), now)


def _what(name: str) -> str:
    return name.removesuffix("_at").replace("_", " ")
