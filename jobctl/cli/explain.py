"""``jobctl explain``: how a filter is read, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jobctl.cli.helping import Command
from jobctl.cli.index import COMMANDS
from jobctl.cli.options import filter_options, shared_options
from jobctl.cli.output import console, say, write_document, write_rows
from jobctl.cli.session import Session
from jobctl.errors import JobctlError, UsageProblem
from jobctl.model.layout import SETS, Kind

if TYPE_CHECKING:
    from jobctl.filter.where import Where

KEYS = ("target", "where", "pattern", "tests", "cost", "warnings")


@click.command(
    "explain",
    cls=Command,
    help="""Show how a filter is read: what Redis tests (a glob that only lets too much through),
    what jobctl tests on the decoded job, how many members are looked at, and what may not be
    meant. Nothing is searched or changed; without a set there is not even a connection.""",
    short_help=COMMANDS["explain"].summary,
    examples=[
        "jobctl explain retries --type SendEmail --error Timeout",
        "jobctl explain -w 'custom.tenant=acme and not (age<1h or retry_count>=20)'",
        'jobctl explain dead --match \'*"args":\\["bob"*\' -o json',
    ],
)
@click.argument("target", required=False, metavar="[SET]")
@filter_options()
@shared_options()
@click.pass_obj
def explain(session: Session, target: str | None) -> None:
    """Explain a filter."""
    from jobctl.filter.explaining import doubts

    kind = None if target is None else _kind(target)
    where = session.where(kind)
    members = None if kind is None else _members(session, kind)
    pattern = where.pattern()
    document: dict[str, object] = {
        "target": None if kind is None else kind.value,
        "where": str(where) or None,
        "pattern": None if pattern is None else pattern.decode("utf-8", "backslashreplace"),
        "tests": [str(test) for test in where.tests],
        "cost": None if members is None else {"members": members},
        "warnings": doubts(where),
    }
    if session.in_json:
        write_document(session, document)
    elif session.format.human:
        _print(session, where, document, members)
    else:
        write_rows(session, [document], KEYS, 0.0, ident="where")


def _kind(name: str) -> Kind:
    names = [kind.value for kind in SETS]
    if name not in names:
        from jobctl.model.words import did_you_mean

        raise UsageProblem(f"there is no set {name!r}", hint=did_you_mean(name, names))
    return Kind(name)


def _members(session: Session, kind: Kind) -> int | None:
    try:
        with session.connect() as store:
            return store.set(kind).count()
    except JobctlError as error:
        say(f"the cost is not known: {error.message}")
        return None


def _print(
    session: Session, where: Where, document: dict[str, object], members: int | None
) -> None:
    from jobctl.render.screen import print_facts

    pattern = document["pattern"]
    of = "every member" if members is None else f"{members:,} members"
    looks = f"Redis looks at {of}" + (
        ", sends what its glob lets through" if pattern else " and sends all of it: no glob helps"
    )
    shown = {
        "filter": document["where"] or "none: everything",
        "redis tests": pattern or "nothing",
        "jobctl tests": "\n".join(str(test) for test in where.tests) or "nothing",
        "cost": looks,
    }
    print_facts(console(session), shown)
    for warning in document["warnings"] if isinstance(document["warnings"], list) else []:
        say(f"warning: {warning}")
