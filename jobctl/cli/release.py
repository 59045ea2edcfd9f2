"""``jobctl working release``: reservations back to the front of their queues."""

from __future__ import annotations

from shlex import quote

import click

from jobctl.cli.helping import FILTERS, OWN, Command
from jobctl.cli.options import (
    filter_options,
    option,
    plain_guard_options,
    shared,
    shared_options,
    stuck_option,
)
from jobctl.cli.session import Session
from jobctl.model.layout import Kind


@click.command(
    "release",
    cls=Command,
    help="""Put jobs back to the front of their queues, the reservation that expires first to run
    first, with a fresh enqueued_at; the retry count stays. JIDs (- reads them from stdin) and
    filters must all hold.

    A running Faktory server keeps reservations in its memory: give it by --faktory-url, so that it
    is told: by an ACK. That would count a job of a batch as done, and may start the batch's
    callbacks: such jobs are refused without --break-batch. The lock of a unique job, which an ACK
    frees, is put back. By Redis alone only where no server runs.

    It always asks: a worker that is alive may still run the job, which then runs twice, and a
    release cannot be undone.""",
    short_help="Put jobs back to the front of their queues, their workers being gone.",
    examples=[
        "jobctl working release 8f3a6c0d2b914e57a1c0",
        "jobctl working release --stuck=30m --queue mailers --dry-run",
        "jobctl working release --stuck --max 50 --reason 'host 7 died' --yes",
        "jobctl working ls -w wid=host7-1 -o ids | jobctl working release - --yes",
    ],
)
@click.argument("named", nargs=-1, metavar="[JID...]")
@filter_options()
@stuck_option()
@shared(FILTERS, "--all", own=True)
@option(OWN, "--break-batch", is_flag=True, help="Also jobs in a batch, which count as done then.")
@plain_guard_options()
@shared_options()
@click.pass_obj
def release(session: Session, named: tuple[str, ...]) -> None:
    """Release reservations."""
    from jobctl.cli.reporting import run
    from jobctl.cli.stdin import read_ids
    from jobctl.cli.verbs import read_request
    from jobctl.filter.where import Flags
    from jobctl.model.change import Change
    from jobctl.model.verbs import Verb
    from jobctl.operations.performing import perform

    where = Flags(jids=read_ids(named, written=True) if named else None).where()
    where &= session.where(Kind.WORKING)
    if session.explains(Kind.WORKING, where):
        return
    text = " ".join([*map(quote, named), session.filter_text()]).strip()
    change = Change(Verb.RELEASE, front=True, break_batch=session.flag("break_batch"))
    request = read_request(session, Kind.WORKING, change, where, text)
    with session.connect_either() as backend:
        backend.require_redis("working release")
        run(
            session,
            backend,
            lambda o: perform(backend, request, o),
            change.verb.row.done,
        )
