"""``jobctl demo``: lifelike jobs on a private server, and a tour."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobctl import connect, embedded
from jobctl.cli.command import Command, Session
from jobctl.cli.options import output_options
from jobctl.cli.server import chosen, directory_option
from jobctl.cli.streams import say, write_document
from jobctl.demo.population import Population, lifelike
from jobctl.demo.seeding import clear, seed, seeded_at

if TYPE_CHECKING:
    from jobctl.backend import Backend

_ELSEWHERE = (
    *("JOBCTL_URL", "JOBCTL_CONTEXT", "REDIS_PROVIDER", "REDIS_URL"),
    *("FAKTORY_URL", "FAKTORY_PROVIDER"),
)


@click.command(
    "demo",
    cls=Command,
    examples=["jobctl demo", "jobctl demo --fresh", "jobctl demo --dir ./redis"],
)
@directory_option
@click.option("--fresh", is_flag=True, help="Empty the demo's database and begin anew.")
@output_options
@click.pass_obj
def demo(session: Session, directory: Path | None, fresh: bool) -> None:
    """Try jobctl on a private server full of lifelike jobs.

    Starts (or finds) a private server, fills it with the jobs of a web shop after a bad night, and
    prints a short tour. The server keeps running: plain jobctl commands find it.
    """
    running, started = embedded.start(chosen(directory), environ=os.environ)
    with connect(running.url) as backend:
        population, seeded = _population(backend.backend, fresh=fresh)
        facts = backend.server.facts()
        program = f"{facts.product} {facts.version}" if facts else "server"
    command = _command(directory)
    tour = [(f"{command} {line}", about) for line, about in population.tour()]
    if session.in_json:
        lines = [line for line, _ in tour]
        write_document(
            session, {"url": running.url, "started": started, "seeded": seeded, "tour": lines}
        )
        return
    say(f"{program} {'started' if started else 'found'}: {running.url}")
    earlier = "its jobs are of an earlier demo (--fresh: anew)"
    say("filled with lifelike jobs" if seeded else earlier)
    for line, about in tour:
        click.echo(f"\n  # {about}\n  {line}")
    click.echo()


def _population(backend: Backend, *, fresh: bool) -> tuple[Population, bool]:
    """Return the population, and whether it was written just now."""
    if fresh:
        clear(backend.connection)
    before = seeded_at(backend.connection)
    moment = backend.server.now() if before is None else before
    population = lifelike(moment)
    if before is None:
        seed(backend.connection, population)
    return population, before is None


def _command(directory: Path | None) -> str:
    """Return the command line that finds this server: jobctl as typed, with -u if necessary."""
    found = shutil.which("jobctl")
    typed = sys.argv[0] if Path(sys.argv[0]).name == "jobctl" else "jobctl"
    same = found is not None and Path(typed).exists() and Path(found).samefile(typed)
    words = ["jobctl" if same else typed]
    if directory is not None:
        words += ["-u", f"embedded://{directory.absolute()}"]
    elif any(os.environ.get(name) for name in _ELSEWHERE):
        words += ["-u", "embedded://"]
    return shlex.join(words)
