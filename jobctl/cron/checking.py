"""What the plugin, and Faktory, say of one entry: at start, and at each firing."""

from __future__ import annotations

from collections.abc import Mapping

from jobctl.cron.entry import CronEntry, Server
from jobctl.cron.finding import Code, Stage
from jobctl.cron.job import changed_numbers, mismatches, not_numbers, server_job
from jobctl.cron.notes import Notes
from jobctl.cron.pushing import check_push
from jobctl.cron.scanning import Path
from jobctl.cron.schedule import Schedule
from jobctl.cron.unknown_keys import check_entry_keys, check_job_keys, near_key
from jobctl.errors import BadSchedule


def check_entry(
    notes: Notes, number: int, table: Mapping[str, object], server: Server
) -> CronEntry:
    """Note what is wrong with an entry, and return it as far as it can be read.

    Args:
        notes: where findings go.
        number: of the entry, from 1 on.
        table: what it says.
        server: the one that reads it.
    """
    path: Path = ("cron", number - 1)
    schedule = _schedule(notes, path, table)
    parsed = None if schedule is None else _parsed(notes, path, schedule)
    check_entry_keys(notes, path, table)
    job = _job(notes, path, table, server)
    queue, jobtype = job.get("queue"), job.get("jobtype")
    spot = notes.spot((*path, "schedule"))
    begins = notes.key(path)
    return CronEntry(
        number=number,
        file=begins.file,
        line=begins.line,
        schedule=schedule,
        parsed=parsed,
        jobtype=jobtype if isinstance(jobtype, str) else None,
        queue=queue if isinstance(queue, str) and queue else "default",
        job=job,
        schedule_at=notes.value((*path, "schedule")),
        plain=spot.plain and schedule is not None,
    )


def _schedule(notes: Notes, path: Path, table: Mapping[str, object]) -> str | None:
    """Return the schedule where there is one; note what is wrong with it."""
    here = (*path, "schedule")
    schedule = table.get("schedule")
    if "schedule" not in table:
        near = near_key("schedule", table)
        hint = f"is {near} meant to be schedule?" if near else "schedule = '0 9 * * *'"
        notes.error(path, Code.MISSING_SCHEDULE, "no schedule", stage=Stage.ENTRY, hint=hint)
    elif not isinstance(schedule, str):
        message = f"schedule must be a string, not {kind(schedule)}"
        hint = "put it into quotes"
        notes.error(here, Code.WRONG_TYPE, message, stage=Stage.ENTRY, hint=hint)
    return schedule if isinstance(schedule, str) else None


def _parsed(notes: Notes, path: Path, text: str) -> Schedule | None:
    """Read a schedule; note why the server refuses it."""
    try:
        return Schedule.parse(text)
    except BadSchedule as error:
        here = (*path, "schedule")
        # Go slices the text up to a blank that is not there.
        crashes = text.startswith(("TZ=", "CRON_TZ=")) and " " not in text
        stage = Stage.CRASH if crashes else Stage.SCHEDULE
        position = error.at[1] if error.at and notes.spot(here).plain else None
        notes.error(
            here, Code.BAD_SCHEDULE, error.message, stage=stage, hint=error.hint, position=position
        )
    return None


def _job(
    notes: Notes, path: Path, table: Mapping[str, object], server: Server
) -> dict[str, object]:
    """Return the job where there is one; note what is wrong with it."""
    here = (*path, "job")
    job = table.get("job")
    if "job" not in table:
        near = near_key("job", table)
        hint = f"is {near} meant to be job?" if near else "[cron.job] below the entry"
        notes.error(path, Code.MISSING_JOB, "no job", stage=Stage.ENTRY, hint=hint)
    elif not isinstance(job, dict):
        hint = "[cron.job] below the entry, with one pair of brackets"
        message = f"job must be a table, not {kind(job)}"
        notes.error(here, Code.WRONG_TYPE, message, stage=Stage.ENTRY, hint=hint)
    else:
        return _job_table(notes, here, job, server)
    return {}


def _job_table(
    notes: Notes, path: Path, job: Mapping[str, object], server: Server
) -> dict[str, object]:
    if "type" not in job:
        near = near_key("type", job)
        hint = f"is {near} meant to be type?" if near else "type = 'SendEmail'"
        notes.error(path, Code.MISSING_TYPE, "the job has no type", stage=Stage.ENTRY, hint=hint)
    for wrong in mismatches(job):
        its = (*path, *wrong.path)
        message = f"{wrong.path[-1]} must be {wrong.shape}, not {kind(wrong.value)}"
        notes.error(its, Code.WRONG_TYPE, message, stage=Stage.ENTRY)
    for odd in not_numbers(job):
        message = "nan and inf cannot be written as JSON"
        notes.error((*path, *odd), Code.NOT_A_NUMBER, message, stage=Stage.ENTRY)
    for here, value, arrives in changed_numbers(job):
        message = f"{value} arrives as {arrives}: to the server all numbers here are floats"
        hint = "write it as a string"
        notes.warning((*path, *here), Code.CHANGED_NUMBER, message, hint=hint)
    check_job_keys(notes, path, job)
    made = server_job(job)
    check_push(notes, path, job, made, server)
    return made


def kind(value: object) -> str:
    """Return what a TOML value is, in words."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a fraction" if value % 1 else "a float"
    if isinstance(value, list):
        tables = value and all(isinstance(item, dict) for item in value)
        return "an array of tables" if tables else "an array"
    return "a table" if isinstance(value, dict) else "a time"
