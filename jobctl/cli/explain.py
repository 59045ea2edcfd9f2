"""``--explain``: show how a filter is read and what it costs, instead of using it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jobctl.cli.output import console, say, write_document, write_rows
from jobctl.cli.session import Session
from jobctl.errors import JobctlError
from jobctl.filter.explain import explain, warnings
from jobctl.filter.where import Where
from jobctl.model.layout import Kind
from jobctl.render.screen import print_facts

if TYPE_CHECKING:
    from jobctl.backend import Backend

Count = Callable[["Backend"], int]


def explain_filter(session: Session, kind: Kind, where: Where, count: Count | None = None) -> None:
    """Write what Redis tests, what jobctl tests, and how many members are looked at.

    Nothing is searched or changed, and nobody is asked; without a Redis only the cost is missing.

    Args:
        session: the options.
        kind: the structure that would be searched.
        where: the filter.
        count: returns how many members there are; without it those of the set are counted.
    """
    try:
        with session.connect() as backend:
            members = backend.set(kind).count() if count is None else count(backend)
    except JobctlError as error:
        say(f"the cost is not known: {error.message}")
        members = None
    document = explain(where, kind, members)
    if session.in_json:
        write_document(session, document)
    elif session.format.human:
        print_facts(console(session), _facts(where, document["pattern"], members))
        for warning in warnings(where):
            say(f"warning: {warning}")
    else:
        write_rows(session, [document], tuple(document), 0.0, ident="where")


def _facts(where: Where, pattern: object, members: int | None) -> dict[str, object]:
    of = "every member" if members is None else f"{members:,} members"
    sent = "sends what its glob lets through" if pattern else "sends all of it: no glob helps"
    return {
        "filter": str(where) or "none: everything",
        "redis tests": pattern or "nothing",
        "jobctl tests": "\n".join(str(test) for test in where.tests) or "nothing",
        "cost": f"Redis looks at {of}{',' if pattern else ' and'} {sent}",
    }
