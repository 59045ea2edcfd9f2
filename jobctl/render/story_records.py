"""What the status records of a job tell, for the story of it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from jobctl.model.jobba import KILL_REQUESTED, MOMENTS, RecordState
from jobctl.model.jsontext import Number, text_of
from jobctl.model.record import Record
from jobctl.model.status import Status
from jobctl.render.human import bar
from jobctl.render.timeline import shortened, timeline

_SHOWN = 3  # records
_DATA = 300  # characters
_BAR = 10  # cells
_STYLES = {
    RecordState.STARTED: "bold cyan",
    RecordState.QUEUED: "bold blue",
    RecordState.SUCCEEDED: "bold green",
    RecordState.FAILED: "bold red",
    RecordState.KILLED: "bold yellow",
}


def record_lines(status: Status, now: float) -> Iterator[tuple[str, Text]]:
    """Yield the lines about a job's records, each with its label; `now` in unix seconds."""
    for record in status.records[:_SHOWN]:
        yield "record", _headline(record, status.jid)
        other = record.provider_job_id
        if other not in (None, status.jid):
            yield "", Text(f"its job's id is {shortened(other or '')}")
        if record.job_args:
            yield "", Text(f"args {shortened(text_of(record.job_args), _DATA)}", style="dim")
        for line in timeline(_events(record), now):
            yield "", line
        if record.errors:
            yield "", Text(_last_error(record), style="red")
        if record.data is not None:
            yield "", Text(f"data {shortened(text_of(record.data), _DATA)}")
    rest = len(status.records) - _SHOWN
    if rest > 0:
        yield "", Text(f"and {rest:,} older: -o json has all of them")


def _headline(record: Record, jid: str) -> Text:
    """Return its id where that is not the job's, state, progress, job name and attempt."""
    line = Text()
    if record.id != jid:
        line.append(f"{shortened(record.id)}  ", style="bold")
    state = record.state
    said = record.values.get("state")
    word = state.value if state is not None else "no state" if said is None else text_of(said)
    line.append(shortened(word, _DATA), style=_STYLES.get(state, "bold") if state else "bold")
    progress = _progress(record.progress)
    line.append(f"  {progress}" if progress else "")
    line.append(f"  {shortened(record.job_name)}" if record.job_name else "")
    line.append(f"  attempt {record.attempt + 1}" if record.attempt else "")
    return line


def _progress(progress: object) -> str:
    if isinstance(progress, Number):
        progress = float(progress.text)
    if isinstance(progress, bool) or not isinstance(progress, int | float):
        return "" if progress is None else f"progress {shortened(text_of(progress), _DATA)}"
    if not 0 <= progress <= 1:
        return f"progress {text_of(progress)}"
    drawn = f"{bar(progress, _BAR)} " if 0 < progress < 1 else ""
    return f"{drawn}{int(progress * 100)}%"


def _events(record: Record) -> Iterator[tuple[str, object]]:
    for name in (*MOMENTS, KILL_REQUESTED):
        what = "kill asked" if name == KILL_REQUESTED else name.removesuffix("_at")
        yield what, record.moment(name)


def _last_error(record: Record) -> str:
    errors = record.errors
    label = "error" if len(errors) == 1 else f"last of {len(errors):,} errors"
    return f"{label}: {shortened(text_of(errors[-1]))}"
