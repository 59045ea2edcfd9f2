"""What changes one status record: a shell job reports on itself with these."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from jobctl.cli.helping import Command
from jobctl.cli.options import all_of, option, shared_options
from jobctl.cli.session import Session
from jobctl.cli.stdin import argument_text, open_stdin
from jobctl.cli.writing import say, write_rows
from jobctl.errors import UsageProblem

if TYPE_CHECKING:
    from jobctl import Store
    from jobctl.actions.records.library import Records
    from jobctl.model.record import Record

_COLUMNS = ("id", "state", "progress", "job_name", "attempt", "recorded_at")

ident_argument = click.argument("ident", metavar="ID")


def read_ident(text: str) -> str:
    """Return the id that an argument names: as it stands, or as ``-o ids`` wrote it.

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
def _changing(session: Session) -> Iterator[Store]:
    """Open the Redis to change a record in it.

    Raises:
        Refused: the context is read-only.
    """
    session.rules.allow()
    with session.connect() as store:
        yield store


@click.command(
    "create",
    cls=Command,
    short_help="Create one; print its id.",
    help="""Create a record, and print its id: a UUID, unless one is given that nobody has yet.

    A later state than unqueued is entered right away. With -o the whole row is printed.""",
    examples=[
        "ID=$(jobctl record create --name Import --arg user=u-1 --state started)",
        "jobctl record create nightly-2026-11-25 --provider-job-id 8f3a6c0d2b914e57",
        "jobctl record create --data '{\"rows\":0}' -o json",
    ],
)
@click.argument("ident", metavar="[ID]", required=False)
@all_of([
    option("Options", "--state", metavar="STATE", help="Its state; else unqueued."),
    option("Options", "--name", "job_name", metavar="NAME", help="The name of its job."),
    option(
        "Options", "--arg", "job_args", multiple=True, metavar="KEY=VALUE",
        help="An argument of its job; may be given again.",
    ),
    option(
        "Options", "--provider-job-id", metavar="JID", help="The job's id where it is queued.",
    ),
    option("Options", "--data", metavar="JSON", help="Data to keep with it."),
])  # fmt: skip
@shared_options()
@click.pass_obj
def create(session: Session, ident: str | None) -> None:
    """Create a record."""
    from jobctl.model.record_values import read_state

    state = read_state(session.text("state") or "unqueued")
    given = _pairs("--arg", session.texts("job_args"))
    text = session.text("data")
    data = None if text is None else _json("--data", _bytes(text))
    wanted = None if ident is None else read_ident(ident)
    session.given.setdefault("output", "ids")  # ID=$(..) wants nothing else
    with _changing(session) as store:
        made = store.records.create(
            wanted,
            state=state,
            job_name=session.text("job_name"),
            job_args=given or None,
            provider_job_id=session.text("provider_job_id"),
            data=data,
        )
        _write(session, store, made)


@click.command(
    "progress",
    cls=Command,
    short_help="Say how far its job is.",
    help="""Say how far its job is: AT from 0 to 1, or AT out of OUT_OF.""",
    examples=['jobctl record progress "$ID" 0.5', 'jobctl record progress "$ID" 120 4000'],
)
@ident_argument
@click.argument("at", type=float, metavar="AT")
@click.argument("out_of", type=float, metavar="[OUT_OF]", required=False)
@shared_options()
@click.pass_obj
def progress(session: Session, ident: str, at: float, out_of: float | None) -> None:
    """Set the progress."""
    _change(session, ident, "its progress is set", lambda r, i: r.set_progress(i, at, out_of))


@click.command(
    "error",
    cls=Command,
    short_help="Add an error to it.",
    help="""Add an error behind those it has. Those that others add meanwhile are not lost.

    - reads it from stdin. It is text, with --json any JSON.""",
    examples=[
        "jobctl record error \"$ID\" 'the disk is full'",
        'tail -1 import.log | jobctl record error "$ID" -',
        'jobctl record error "$ID" --json \'{"code":4}\'',
    ],
)
@ident_argument
@click.argument("text", metavar="TEXT|-")
@option("Options", "--json", "as_json", is_flag=True, help="It is JSON.")
@shared_options()
@click.pass_obj
def error(session: Session, ident: str, text: str) -> None:
    """Add an error."""
    given = _given(text, "the error")
    # A text that is no UTF-8 must not be lost, now that something has failed already.
    found = _json("the error", given) if session.flag("as_json") else _plain(given)
    if found is None:
        raise UsageProblem("an error cannot be null")
    _change(session, ident, "the error is added", lambda r, i: r.add_error(i, found))


@click.command(
    "save",
    cls=Command,
    short_help="Keep data with it.",
    help="""Keep data with it, in place of what it had: any JSON. - reads it from stdin.""",
    examples=[
        'jobctl record save "$ID" \'{"rows":1200}\'',
        'jq -c .summary report.json | jobctl record save "$ID" -',
    ],
)
@ident_argument
@click.argument("text", metavar="JSON|-")
@shared_options()
@click.pass_obj
def save(session: Session, ident: str, text: str) -> None:
    """Save data."""
    data = _json("the data", _given(text, "the data"))
    _change(session, ident, "the data is saved", lambda r, i: r.save(i, data))


@click.command(
    "args",
    cls=Command,
    short_help="Give the arguments of its job.",
    help="""Give the arguments of its job, in place of those it had. Records are found by an
    argument's value: jobctl query -w job_arg=u-1.""",
    examples=['jobctl record args "$ID" user=u-1 file=/tmp/a.csv'],
)
@ident_argument
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@shared_options()
@click.pass_obj
def args(session: Session, ident: str, pairs: Sequence[str]) -> None:
    """Set the arguments."""
    given = _pairs("an argument", pairs)
    _change(session, ident, "its arguments are set", lambda r, i: r.set_job_args(i, given))


@click.command(
    "name",
    cls=Command,
    short_help="Name its job.",
    help="Name its job. Records are found by it: jobctl query -w job_name=Import.",
    examples=['jobctl record name "$ID" Import'],
)
@ident_argument
@click.argument("name", metavar="NAME")
@shared_options()
@click.pass_obj
def name(session: Session, ident: str, name: str) -> None:
    """Set the name."""
    _change(session, ident, "its job is named", lambda r, i: r.set_job_name(i, name))


@click.command(
    "provider",
    cls=Command,
    short_help="Give the job's id where it is queued.",
    help="Give the job's id where it is queued: jobctl status finds the record by it, too.",
    examples=['jobctl record provider "$ID" 8f3a6c0d2b914e57a1c0'],
)
@ident_argument
@click.argument("jid", metavar="JID")
@shared_options()
@click.pass_obj
def provider(session: Session, ident: str, jid: str) -> None:
    """Set the provider's job id."""
    done = "its provider's job id is set"
    _change(session, ident, done, lambda r, i: r.set_provider_job_id(i, jid))


def _change(session: Session, text: str, done: str, change: Callable[[Records, str], None]) -> None:
    """Change the record that an argument names.

    Write it where a format was asked for, else tell a person that it is `done`.
    """
    ident = read_ident(text)
    with _changing(session) as store:
        change(store.records, ident)
        if session.text("output") is not None:
            found = store.records.find(ident)
            if found is not None:
                _write(session, store, found)
        elif sys.stderr.isatty():
            say(f"{ident}: {done}")


def _write(session: Session, store: Store, found: Record) -> None:
    from jobctl.cli.writing import write_document
    from jobctl.model.record import ROW_KEYS
    from jobctl.render.formats import Format

    if session.in_json:
        write_document(session, found.row())
    else:
        columns = _COLUMNS if session.format is Format.TABLE else ROW_KEYS
        write_rows(session, [found.row()], columns, store.server.now(), ident="id")


def _pairs(what: str, pairs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageProblem(f"{what} is KEY=VALUE, not {pair!r}")
        if key in found:
            raise UsageProblem(f"{what}: {key} is given twice")
        found[key] = value
    return found


def _given(text: str, what: str) -> bytes:
    if text != "-":
        return _bytes(text)
    return open_stdin(what, hint="pipe it in").read()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _plain(given: bytes) -> str:
    return given.decode("utf-8-sig", "replace").removesuffix("\n").removesuffix("\r")


def _json(what: str, given: bytes) -> object:
    from jobctl.model.jsontext import loads

    try:
        return loads(given)
    except ValueError as wrong:
        why = "it is no UTF-8" if isinstance(wrong, UnicodeDecodeError) else wrong
        raise UsageProblem(
            f"{what} is no JSON: {why}", hint="a text stands in double quotes: '\"done\"'"
        ) from None
