"""``jobctl mutate``: Faktory's document, done as it is meant."""

from __future__ import annotations

from collections.abc import Sequence

import click

from jobctl.cli.helping import Command
from jobctl.cli.index import COMMANDS
from jobctl.cli.options import guard_options, shared_options
from jobctl.cli.session import Session

_EXAMPLES = (
    '{"cmd":"discard","target":"scheduled","filter":{"jobtype":"QuickbooksSyncJob"}}',
    '{"cmd":"requeue","target":"retries","filter":{"regexp":"*\\"args\\":[\\"bob\\"*"}}',
)


@click.command(
    "mutate",
    cls=Command,
    help="""Do what a MUTATE document of Faktory says: cmd (kill, discard, requeue, clear), target
    (retries, scheduled, dead) and filter (jobtype, jids, regexp: all that are given must hold).
    Only an absent filter means every job. - reads the document from stdin. A command line as it
    was sent to the server, MUTATE {..}, will do.

    Unlike the server it tests the fields themselves, moves each job atomically, counts, asks
    first, and can be undone.""",
    short_help=COMMANDS["mutate"].summary,
    examples=[f"jobctl mutate --dry-run '{example}'" for example in _EXAMPLES]
    + ["jobctl mutate --yes - < document.json"],
)
@click.argument("words", nargs=-1, required=True, metavar="DOCUMENT|-")
@guard_options()
@shared_options()
@click.pass_obj
def mutate(session: Session, words: Sequence[str]) -> None:
    """Read the document and do it."""
    from jobctl.cli.verbs import run_change
    from jobctl.filter.where import Where
    from jobctl.model.change import Change
    from jobctl.model.verbs import Verb
    from jobctl.systems.faktory.mutation import read_mutation

    document = " ".join(words)
    mutation = read_mutation(_stdin() if document == "-" else document)
    where = Where() if mutation.flags is None else mutation.flags.where()
    if mutation.flags is None:
        session.given["everything"] = True
    text = f"mutate {document if document != '-' else '(from stdin)'}"
    run_change(session, mutation.target, Change(Verb(mutation.verb)), where, text)


def _stdin() -> bytes:
    from jobctl.cli.stdin import open_stdin

    return open_stdin("the document").read()
