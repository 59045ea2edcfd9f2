"""What the status records of a job tell, for the story of it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from jobctl.model.jsontext import text_of
from jobctl.model.record import Record
from jobctl.model.status import Status
from jobctl.render.record_parts import progress_text, record_timeline, state_text
from jobctl.render.timeline import shortened

_SHOWN = 3  # records
_DATA = 300  # characters
_BAR = 10  # cells


def record_lines(status: Status, now: float) -> Iterator[tuple[str, Text]]:
    """Yield the lines about a job's records, each with its label; `now` in unix seconds."""
    for record in status.records[:_SHOWN]:
        yield "record", _headline(record, status.jid)
        other = record.provider_job_id
        if other not in (None, status.jid):
            yield "", Text(f"its job's id is {shortened(other or '')}")
        if record.job_args:
            yield "", Text(f"args {shortened(text_of(record.job_args), _DATA)}", style="dim")
        for line in record_timeline(record, now):
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
    line.append(state_text(record))
    progress = progress_text(record.progress, _BAR)
    line.append(f"  {progress}" if progress else "")
    line.append(f"  {shortened(record.job_name)}" if record.job_name else "")
    line.append(f"  attempt {record.attempt}" if record.attempt else "")
    return line


def _last_error(record: Record) -> str:
    errors = record.errors
    label = "error" if len(errors) == 1 else f"last of {len(errors):,} errors"
    return f"{label}: {shortened(text_of(errors[-1]))}"
