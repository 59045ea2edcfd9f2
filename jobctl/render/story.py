"""The status of a job for people: where it is, what happens next, and what happened."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from jobctl.model.entry import Entry
from jobctl.model.layout import Kind
from jobctl.model.status import State, Status
from jobctl.render.cells import json_text, number, relative
from jobctl.render.consoles import print_labelled
from jobctl.render.records import clock, record_lines, shortened, timeline
from jobctl.render.safe import printable

_STYLES = {
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
    title = Text(printable(status.jid), style="bold")
    if status.entries:
        jobtype = status.entries[0].job.text("jobtype")
        title.append(f"  {shortened(jobtype)}" if jobtype else "", style="not bold")
    elif status.records and status.records[0].job_name:
        title.append(f"  {shortened(status.records[0].job_name)}", style="not bold")
    title.append("  ")
    title.append(status.state.value, style=_STYLES.get(status.state, "bold"))
    console.print(title)
    print_labelled(console, ((f"  {label}", text) for label, text in _lines(status, now)))


def _lines(status: Status, now: float) -> Iterator[tuple[str, Text]]:
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
