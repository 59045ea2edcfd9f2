"""``jobctl record``: one status record, shown and changed; many of them, changed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from jobctl.cli import record_verbs
from jobctl.cli.command import Command, Group, Session
from jobctl.cli.connect import connect, rules_of
from jobctl.cli.options import all_of, option, shared_options
from jobctl.cli.streams import argument_text, console, open_stdin, say, write_document, write_rows
from jobctl.errors import NotFound, UsageProblem
from jobctl.library_records import Records
from jobctl.model.jobba import ROW_KEYS, Record
from jobctl.model.jsontext import loads
from jobctl.model.record_values import fields_json, read_progress, read_provider, read_state
from jobctl.render.formats import Format

_COLUMNS = ("id", "state", "progress", "job_name", "attempt", "recorded_at")
_ident_argument = click.argument("ident", metavar="ID")


def read_ident(text: str) -> str:
    """Return an id from an argument, decoded as ``-o ids`` encodes ids.

    Raises:
        UsageProblem: it is empty.
    """
    if text == "":
        raise UsageProblem("the id is empty", hint="is a variable unset in your script?")
    ident = argument_text(text)
    try:
        ident.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # bytes that nobody wrote so
        return os.fsencode(text).decode("utf-8", "surrogateescape")
    return ident


@contextmanager
def _changing(session: Session) -> Iterator[Records]:
    """Open the Redis for a change of one record.

    Raises:
        Refused: the context is read-only.
    """
    rules_of(session).allow()
    with connect(session) as backend:
        yield Records(backend)


# The values of a record.
_value_options = all_of([
    option("Options", "--name", metavar="NAME", help="The name of its job."),
    option(
        "Options", "--arg", "args", multiple=True, metavar="KEY=VALUE",
        help="An argument of its job, beside those it has; may be given again.",
    ),
    option(
        "Options", "--provider", metavar="ID",
        help="The job's id where it is queued; a number is kept as one.",
    ),
    option("Options", "--provider-text", metavar="ID", help="Likewise; always a text."),
    option("Options", "--data", metavar="JSON|-", help="Data to keep with it; - reads stdin."),
    option("Options", "--progress", metavar="AT[/OUT_OF]", help="How far its job is: 0.375, 3/8."),
    option(
        "Options", "--error", metavar="TEXT|-",
        help="An error, put behind those it has; - reads stdin.",
    ),
])  # fmt: skip


@click.command(
    "create",
    cls=Command,
    examples=[
        "ID=$(jobctl record create --name Import --arg user=u-1 --state started)",
        "jobctl record create nightly-2026-11-25 --provider 8f3a6c0d2b914e57",
        "jobctl record create --data '{\"rows\":0}' -o json",
    ],
)
@click.argument("ident", metavar="[ID]", required=False)
@option("Options", "--state", metavar="STATE", help="Its state; else unqueued.")
@_value_options
@shared_options
@click.pass_obj
def create(session: Session, ident: str | None) -> None:
    """Create a record; print its id.

    The id is a UUID, unless one is given that nobody has yet. A later state than unqueued is
    entered right away. With -o the whole row is printed.
    """
    asked = session.text("state")
    state = read_state("unqueued" if asked is None else asked)
    values = _read_values(session)
    wanted = None if ident is None else read_ident(ident)
    session.given.setdefault("output", "ids")  # ID=$(..) wants nothing else
    with _changing(session) as records:
        _write_row(session, records, records.create(wanted, values, state=state))


@click.command(
    "set",
    cls=Command,
    examples=[
        'jobctl record set "$ID" --progress 3/8',
        "jobctl record set \"$ID\" --error 'the disk is full'",
        'tail -1 import.log | jobctl record set "$ID" --error -',
        'jobctl record set "$ID" --name Import --arg user=u-1 --data \'{"rows":1200}\'',
    ],
)
@_ident_argument
@_value_options
@option(
    "Options", "--clear-args", is_flag=True, help="Take away the arguments it has, before --arg."
)
@shared_options
@click.pass_obj
def set_values(session: Session, ident: str) -> None:
    """Set the name, arguments, progress, errors .. of a record.

    All that is given is set at once, or nothing. Errors that others add meanwhile
    are not lost. Records are found by the name, the arguments' values and the provider's id: jobctl
    query -w job_arg=u-1.
    """
    named, clear = read_ident(ident), session.flag("clear_args")
    values = ({"job_args": {}} if clear else {}) | _read_values(session)
    if not values:
        raise UsageProblem(
            "there is nothing to set", hint="jobctl record set ID --progress 3/8, --error TEXT .."
        )
    with _changing(session) as records:
        records.set(named, values, keep_args=not clear)
        if session.text("output") is not None:
            found = records.find(named)
            if found is not None:
                _write_row(session, records, found)
        elif sys.stderr.isatty():
            say(f"{ident}: {', '.join(values)} set")


def _read_values(session: Session) -> dict[str, object]:
    """Return what was given.

    Raises:
        UsageProblem: some of it makes no sense.
    """
    if session.text("data") == "-" and session.text("error") == "-":
        raise UsageProblem("--data - and --error - cannot both read stdin")
    if session.text("provider") is not None and session.text("provider_text") is not None:
        raise UsageProblem("--provider and --provider-text contradict each other")
    readers: dict[str, tuple[str, Callable[[str], object]]] = {
        "name": ("job_name", str),
        "provider": ("provider_job_id", read_provider),
        "provider_text": ("provider_job_id", str),
        "data": ("data", lambda text: _json(_given(text, "the data"))),
        "progress": ("progress", read_progress),
        "error": ("error", lambda text: _plain(_given(text, "the error"))),
    }
    values = {
        field: read(text)
        for name, (field, read) in readers.items()
        if (text := session.text(name)) is not None
    }
    if session.texts("args"):
        values["job_args"] = _pairs(session.texts("args"))
    fields_json(values)  # what makes no sense is told before there is a connection
    return values


def _write_row(session: Session, records: Records, found: Record) -> None:
    if session.in_json:
        write_document(session, found.row())
    else:
        columns = _COLUMNS if session.format is Format.TABLE else ROW_KEYS
        write_rows(session, [found.row()], columns, records.now(), ident="id")


def _pairs(pairs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageProblem(f"--arg is KEY=VALUE, not {pair!r}")
        if key in found:
            raise UsageProblem(f"--arg: {key} is given twice")
        found[key] = value
    return found


def _given(text: str, what: str) -> bytes:
    if text == "-":
        return open_stdin(what, hint="pipe it in").read()
    return text.encode("utf-8", "surrogateescape")


def _plain(given: bytes) -> str:
    return given.decode("utf-8-sig", "replace").removesuffix("\n").removesuffix("\r")


def _json(given: bytes) -> object:
    try:
        return loads(given)
    except ValueError as wrong:
        why = "it is no UTF-8" if isinstance(wrong, UnicodeDecodeError) else wrong
        raise UsageProblem(
            f"--data is no JSON: {why}", hint="a text stands in double quotes: '\"done\"'"
        ) from None


@click.group(
    "record",
    cls=Group,
    examples=[
        "ID=$(jobctl record create --name Import --state started)",
        'jobctl record set "$ID" --progress 3/8',
        'jobctl record show "$ID"',
        "jobctl record cleanup --older-than 12w --dry-run",
    ],
)
def record() -> None:
    """Status records of jobs, as the Jobba gem keeps them."""


@record.command(
    "show",
    examples=[
        "jobctl record show 5f1c2b9e-6a54-4f0e-9d0e-0a4b7c1d2e3f",
        "jobctl record show import-7 -o json | jq .progress",
    ],
)
@_ident_argument
@shared_options
@click.pass_obj
def show(session: Session, ident: str) -> None:
    """Show a record, and its earlier attempts.

    JSON has its row, and the rows of the attempts under "attempts", the first one first.
    """
    with connect(session) as backend:
        records = Records(backend)
        found = records.find(read_ident(ident))
        if found is None:
            raise NotFound(
                f"there is no record {ident} in {backend.target}",
                hint="is it a job's JID? jobctl status finds the records of that",
            )
        _write(session, records, found)


def _write(session: Session, records: Records, found: Record) -> None:
    now = records.now()
    if session.format is Format.IDS or session.text("columns") is not None:
        write_rows(session, [found.row()], ROW_KEYS, now, ident="id")
        return
    attempts = records.attempts(found) if session.in_json or session.format.human else []
    if session.format.human:
        from jobctl.render.story import print_record

        print_record(console(session), found, attempts, now)
        return
    row = found.row() | {"attempts": [attempt.row() for attempt in attempts]}
    if session.in_json:
        write_document(session, row)
    else:
        write_rows(session, [row], ROW_KEYS, now, ident="id")


for command in (create, set_values, *record_verbs.COMMANDS):
    record.add_command(command)
