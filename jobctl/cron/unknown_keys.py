"""Keys that nobody reads, or that are read otherwise than they look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jobctl.cron.finding import Code
from jobctl.cron.job import JOB_FIELDS, field_of
from jobctl.cron.notes import Notes
from jobctl.cron.scanning import Path
from jobctl.model.words import listed, near_name

ENTRY_KEYS = ("schedule", "job")
# What is written into a job: Faktory's fields, but jobtype is called type.
JOB_KEYS = ("type", *(name for name in JOB_FIELDS if name != "jobtype"))
# What Faktory and the plugins look for in the job's custom table.
_CUSTOM = ("expires_at", "expires_in", "unique_for", "unique_until", "track", "bid", "locale")
_SET = {"jid": "each job gets its own", "created_at": "each job gets its own"}


def near_key(wanted: str, keys: Iterable[str]) -> str | None:
    """Return the key that may have been meant for another one."""
    unknown = {key.lower(): key for key in keys if key not in (*ENTRY_KEYS, *JOB_KEYS)}
    near = near_name(wanted, unknown)
    return None if near is None else unknown[near]


def check_entry_keys(notes: Notes, path: Path, table: Mapping[str, object]) -> None:
    """Note the keys of an entry that the plugin does not read."""
    for key, value in table.items():
        if key in ENTRY_KEYS:
            continue
        near = near_name(key.lower(), ENTRY_KEYS)
        if near is not None and near not in table:
            continue  # that it is missing is said already, and names this one
        lost = (
            f": what it holds is lost ({listed(list(value))})"
            if value and type(value) is dict
            else ""
        )
        if near is not None:
            hint = f"did you mean {_header(near, value)}?"
        elif field_of(key) in JOB_KEYS:
            hint = "it belongs into [cron.job]"
        else:
            hint = "the plugin reads schedule and job"
        notes.warning((*path, key), Code.UNKNOWN_KEY, f"{key} is not read{lost}", hint=hint)


def _header(near: str, value: object) -> str:
    """Return how a near name is written: as a header where a header was."""
    if near != "job" or not isinstance(value, dict) or not value:
        return near
    within = next(iter(value.values()))
    if len(value) == 1 and isinstance(within, list) and all(isinstance(it, dict) for it in within):
        return f"[[cron.job.{next(iter(value))}]]"
    return "[cron.job]"


def check_job_keys(notes: Notes, path: Path, job: Mapping[str, object]) -> None:
    """Note the keys of a job that Faktory does not read, or not as they are written."""
    for key in job:
        name = field_of(key)
        if key == "type" or (near_key("type", [key]) and "type" not in job):
            continue
        if key == "jobtype":
            notes.warning(
                (*path, key), Code.OVERWRITTEN, "jobtype is set to type", hint="leave it out"
            )
        elif name in _SET:
            notes.warning((*path, key), Code.OVERWRITTEN, f"{key} is not kept: {_SET[name]}")
        elif name not in JOB_FIELDS:
            hint = _hint(key, job)
            notes.warning(
                (*path, key), Code.UNKNOWN_KEY, f"{key} is not read, and dropped", hint=hint
            )
        elif key != name:
            _other_case(notes, (*path, key), name, job)


def _other_case(notes: Notes, path: Path, name: str, job: Mapping[str, object]) -> None:
    key = path[-1]
    if name in job or name in ("args", "jobtype"):
        instead = {"args": "an empty one", "jobtype": "type"}.get(name, name)
        message = f"{key} is lost: {name if name in job else instead} counts"
    else:
        message = f"{key} is taken for {name}"
    notes.warning(
        path, Code.OTHER_CASE, message, hint=f"write {name}" if name != "jobtype" else None
    )


def _hint(key: str, job: Mapping[str, object]) -> str:
    if key in _CUSTOM:
        return "it is looked for in [cron.job.custom]"
    near = near_name(key.lower(), [name for name in JOB_KEYS if name not in job])
    return f"did you mean {near}?" if near else f"one of: {', '.join(JOB_KEYS)}"
