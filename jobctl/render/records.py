"""Status records for people: one as a story, and the lines on those of a job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from jobctl.model.jobba import KILL_REQUESTED, MOMENTS, RecordState
from jobctl.model.jsontext import Number, text_of
from jobctl.model.record import Record
from jobctl.model.status import Status
from jobctl.model.times import Instant, epoch
from jobctl.render.cells import bar, json_text, relative, whole_percent
from jobctl.render.consoles import print_labelled
from jobctl.render.safe import printable

_NARROW = 13  # cells of what happened, at least
_LONGEST = 1000  # characters of an error or a name


def timeline(events: Iterable[tuple[str, object]], now: float) -> list[Text]:
    """Return a line for each event whose time is one, in their order; `now` in unix seconds."""
    known = [(when, what, text) for what, text in events if (when := epoch(text)) is not None]
    width = max((_NARROW, *(len(what) + 1 for _, what, _ in known)))
    return [
        Text.assemble(f"{what:<{width}}{relative(when, now):<13}", (clock(text), "dim"))
        for when, what, text in sorted(known, key=lambda event: event[0])
    ]


def clock(text: object) -> str:
    """Return a time to the second: people do not read nanoseconds."""
    moment = Instant.parse(str(text))
    return str(text) if moment is None else Instant(moment.seconds).rfc3339()


def shortened(text: str, most: int = _LONGEST) -> str:
    """Return printable text, and of a long one the beginning and how long it is."""
    shown = printable(text[:most])
    return shown if len(text) <= most else f"{shown}… ({len(text):,} characters)"


_STYLES = {
    RecordState.QUEUED: "bold blue",
    RecordState.STARTED: "bold cyan",
    RecordState.SUCCEEDED: "bold green",
    RecordState.FAILED: "bold red",
    RecordState.KILLED: "bold yellow",
}
_SHORT = 300  # characters of a value that stands in a line with others


def state_text(record: Record) -> Text:
    """Return the state in its colour; in odd data whatever the field holds."""
    state, said = record.state, record.values.get("state")
    if state is not None:
        return Text(state.value, style=_STYLES.get(state, "bold"))
    return Text("no state" if said is None else shortened(text_of(said), _SHORT), style="bold")


def progress_text(progress: object, width: int) -> str:
    """Return a progress in percent, behind a bar of `width` cells while under way; "" for none."""
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


_BAR = 20  # cells
_LAST = 10  # errors and attempts that people get to see at once


def print_record(console: Console, record: Record, attempts: Sequence[Record], now: float) -> None:
    """Print everything that a record says; `attempts` before it, `now` in unix seconds."""
    title = Text(shortened(record.id), style="bold")
    if record.job_name is not None:
        title.append(f"  {shortened(record.job_name)}", style="not bold")
    title.append("  ")
    title.append(state_text(record))
    console.print(title)
    lines = _lines(record, attempts, now)
    print_labelled(console, ((f"  {label}", text) for label, text in lines))


def _lines(record: Record, attempts: Sequence[Record], now: float) -> Iterator[tuple[str, Text]]:
    if record.stub:
        stub = "a stub: it lacks its id or state; a write after its deletion leaves such"
        yield "warning", Text(stub, style="yellow")
    yield "progress", Text(progress_text(record.progress, _BAR) or "none")
    if record.kill_requested:
        yield "kill", Text("requested: its job is to answer with killed", style="yellow")
    for key, value in record.job_args.items():
        yield "argument", Text(f"{shortened(key)} = {shortened(text_of(value))}")
    if record.provider_job_id is not None:
        yield "job", Text(shortened(record.provider_job_id))
    for i, line in enumerate(record_timeline(record, now)):
        yield "" if i else "timeline", line
    yield from _errors(record)
    yield from _attempts(record, attempts)
    if record.data is not None:
        yield "data", json_text(record.data)


def _errors(record: Record) -> Iterator[tuple[str, Text]]:
    errors = record.errors
    if len(errors) > _LAST:
        yield "errors", Text(f"{len(errors):,}, the last {_LAST} of them:")
    for error in errors[-_LAST:]:
        yield "error", Text(shortened(text_of(error)), style="red")


def _attempts(record: Record, attempts: Sequence[Record]) -> Iterator[tuple[str, Text]]:
    lost = record.attempt - len(attempts)
    if record.attempt:
        more = f", {lost:,} of those before are gone" if lost > 0 else ""
        yield "attempt", Text(f"{record.attempt:,}{more}")
    for attempt in attempts[-_LAST:]:
        state = attempt.state
        errors = attempt.errors
        last = f": {shortened(text_of(errors[-1]))}" if errors else ""
        yield (
            "before",
            Text(f"{shortened(attempt.id)}  {state.value if state else 'no state'}{last}"),
        )


_RECORDS = 3  # records
_DATA = 300  # characters
_SHORT_BAR = 10  # cells


def record_lines(status: Status, now: float) -> Iterator[tuple[str, Text]]:
    """Yield lines about the records of a job, each with its label; `now` in unix seconds."""
    for record in status.records[:_RECORDS]:
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
    rest = len(status.records) - _RECORDS
    if rest > 0:
        yield "", Text(f"and {rest:,} older: -o json has all of them")


def _headline(record: Record, jid: str) -> Text:
    """Return id (unless it is the JID), state, progress, job name and attempt of a record."""
    line = Text()
    if record.id != jid:
        line.append(f"{shortened(record.id)}  ", style="bold")
    line.append(state_text(record))
    progress = progress_text(record.progress, _SHORT_BAR)
    line.append(f"  {progress}" if progress else "")
    line.append(f"  {shortened(record.job_name)}" if record.job_name else "")
    line.append(f"  attempt {record.attempt}" if record.attempt else "")
    return line


def _last_error(record: Record) -> str:
    errors = record.errors
    label = "error" if len(errors) == 1 else f"last of {len(errors):,} errors"
    return f"{label}: {shortened(text_of(errors[-1]))}"
