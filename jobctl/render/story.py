"""A job or a status record for people: where it is, what happens next, and what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from jobctl.model.entry import Entry
from jobctl.model.jobba import KILL_REQUESTED, MOMENTS, Record, RecordState
from jobctl.model.jsontext import Number, text_of
from jobctl.model.layout import Kind
from jobctl.model.status import State, Status
from jobctl.model.times import Instant, epoch
from jobctl.render.cells import bar, json_text, number, relative, whole_percent
from jobctl.render.formats import printable
from jobctl.render.screen import print_labelled

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


_RECORD_STYLES = {
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
        return Text(state.value, style=_RECORD_STYLES.get(state, "bold"))
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
    return timeline(
        ((name.removesuffix("_at").replace("_", " "), record.moment(name)) for name in names), now
    )


_BAR = 20  # cells
_LAST = 10  # errors and attempts that people get to see at once


def print_record(console: Console, record: Record, attempts: Sequence[Record], now: float) -> None:
    """Print everything that a record says; `attempts` before it, `now` in unix seconds."""
    lines = _record_parts(record, attempts, now)
    _print_titled(console, shortened(record.id), record.job_name, state_text(record), lines)


def _print_titled(
    console: Console,
    ident: str,
    name: str | None,
    state: Text,
    lines: Iterable[tuple[str, Text]],
) -> None:
    title = Text(ident, style="bold")
    if name is not None:
        title.append(f"  {shortened(name)}", style="not bold")
    console.print(title.append("  ").append(state))
    print_labelled(console, ((f"  {label}", text) for label, text in lines))


def _record_parts(
    record: Record, attempts: Sequence[Record], now: float
) -> Iterator[tuple[str, Text]]:
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


_STATE_STYLES = {
    State.WORKING: "bold cyan",
    State.ENQUEUED: "bold blue",
    State.SCHEDULED: "bold blue",
    State.RETRYING: "bold yellow",
    State.DEAD: "bold red",
    State.SUCCESS: "bold green",
    State.FAILED: "bold red",
    State.KILLED: "bold yellow",
    State.UNKNOWN: "bold",
}


def print_story(console: Console, status: Status, now: float) -> None:
    """Print everything known about a job; `now` in unix seconds."""
    name = None
    if status.entries:
        name = status.entries[0].job.text("jobtype")
    elif status.records:
        name = status.records[0].job_name
    state = Text(status.state.value, style=_STATE_STYLES.get(status.state, "bold"))
    _print_titled(console, printable(status.jid), name or None, state, _job_lines(status, now))


def _job_lines(status: Status, now: float) -> Iterator[tuple[str, Text]]:
    for i, entry in enumerate(status.entries):
        where = _where(entry) if i == 0 else f"{_where(entry)}; {_next(entry, now).plain}"
        yield "where" if i == 0 else "also in", Text(where)
    if not status.entries:
        yield "where", Text("in no structure" if status.records else "nowhere")
        yield from record_lines(status, now)
        yield from _warnings(status)
        return
    entry = status.entries[0]
    yield "next", _next(entry, now, held_back=status.held_back)
    if entry.kind is not Kind.QUEUE and entry.job.get("queue") is not None:
        yield "queue", Text(shortened(entry.job.text("queue") or ""), style="cyan")
    if entry.job.get("class") != entry.job.get("jobtype"):
        yield "class", Text(shortened(entry.job.text("class") or ""))
    yield "retries", Text(_retries(entry))
    error = _error(entry)
    if error:
        yield "error", Text(error, style="red")
    for i, line in enumerate(_timeline(entry, now)):
        yield "timeline" if i == 0 else "", line
    yield from record_lines(status, now)
    yield from _warnings(status)
    yield "payload", json_text(entry.job.payload)


def _warnings(status: Status) -> Iterator[tuple[str, Text]]:
    for warning in status.warnings:
        yield "warning", Text(printable(warning), style="yellow")


def _where(entry: Entry) -> str:
    if entry.kind is Kind.QUEUE:
        return printable(f"queue {entry.place.queue}, position {number(entry.place.position)}")
    if entry.kind is Kind.WORKING:
        return shortened(f"working, on worker {entry.reservation.get('wid') or '?'}")
    return entry.kind.value


def _next(entry: Entry, now: float, *, held_back: str | None = None) -> Text:
    if entry.kind is Kind.QUEUE:
        if held_back:
            return Text(f"will not run: {held_back}", style="yellow")
        ahead = entry.place.position or 0
        jobs = "job" if ahead == 1 else "jobs"
        return Text(f"runs after {ahead:,} {jobs}" if ahead else "runs next")
    if entry.score is None or entry.at is None:
        return Text("its time is no time", style="yellow")
    when = f"{relative(entry.score, now)} ({clock(entry.at)})"
    overdue = entry.score < now
    if entry.kind is Kind.WORKING:
        return Text(f"its reservation {'expired' if overdue else 'expires'} {when}")
    if entry.kind is Kind.DEAD:
        return Text(f"will not run by itself; purged {when}")
    return Text(f"{'was due' if overdue else 'runs'} {when}", style="yellow" if overdue else "")


def _retries(entry: Entry) -> str:
    job = entry.job
    allowed, used = job.retries_allowed, job.retries_used
    if allowed == 0:
        return "none: a failure ends it"
    if allowed < 0:
        return "none: a failure sends it to dead"
    if used is None and job.failed:
        return f"failed, and does not say how often; {allowed} allowed"
    if used is None:
        return f"{allowed} left, never failed"
    left = max(0, allowed - used)
    times = "once" if used == 0 else f"{used + 1} times"
    return f"failed {times}: {used} of {allowed} used, {left} left"


def _error(entry: Entry) -> str:
    parts = [entry.job.text(field) for field in ("errtype", "message")]
    return shortened(": ".join(part for part in parts if part))


def _timeline(entry: Entry, now: float) -> list[Text]:
    job = entry.job
    events = [
        ("created", job.listed("created_at")),
        ("enqueued", job.listed("enqueued_at")),
        ("first failed", job.listed("failed_at")),
        ("reserved", entry.reservation.get("reserved_at")),
        ("died", entry.died_at),
    ]
    if entry.at is not None:
        ends = {Kind.WORKING: "expires", Kind.DEAD: "purged", Kind.SCHEDULED: "due"}
        events.append((ends.get(entry.kind, "next try"), entry.at))
    return timeline(events, now)
