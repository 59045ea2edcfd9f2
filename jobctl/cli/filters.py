"""The filter of a command line: read, repeated, and explained."""

from __future__ import annotations

from collections.abc import Callable
from shlex import quote
from typing import TYPE_CHECKING

from jobctl.cli.connect import connect
from jobctl.cli.output import console, say, write_document, write_rows
from jobctl.cli.session import Session
from jobctl.cli.stdin import read_ids
from jobctl.errors import JobctlError
from jobctl.filter.where import Flags, Where, explain, warnings
from jobctl.model.layout import Kind
from jobctl.systems.registry import payload_keys

if TYPE_CHECKING:
    from jobctl.backend import Backend

_OPTIONS = {
    "jobtypes": "--type",
    "queues": "--queue",
    "jids": "--jid",
    "errors": "--error",
    "globs": "--match",
    "older_than": "--older-than",
    "newer_than": "--newer-than",
    "expressions": "-w",
}
Count = Callable[["Backend"], int]


def read_where(session: Session, kind: Kind | None = None) -> Where:
    """Return the filter that the options mean; `kind`: whose fields there are.

    Raises:
        UsageProblem: one of them does not make sense.
    """
    jids = session.texts("jids")
    expressions = Where.parse(*session.texts("expressions"), kind=kind, payload_keys=payload_keys())
    flags = Flags(
        jobtypes=session.texts("jobtypes"),
        queues=session.texts("queues"),
        jids=read_ids(jids, written=True) if jids else None,
        errors=session.texts("errors"),
        globs=session.texts("globs"),
        older_than=session.texts("older_than"),
        newer_than=session.texts("newer_than"),
        malformed=session.flag("malformed"),
        stuck=session.texts("stuck"),
    )
    return flags.where() & expressions


def filter_text(session: Session) -> str:
    """Return the filter options, to be typed again."""
    words = ["--all"] if session.flag("everything") else []
    for name, option in _OPTIONS.items():
        for value in session.texts(name):
            words += [option, quote(value)]
    words += ["--stuck" if v == "expired" else f"--stuck={v}" for v in session.texts("stuck")]
    return " ".join([*words, "--malformed"] if session.flag("malformed") else words)


def explained(session: Session, kind: Kind, where: Where, count: Count | None = None) -> bool:
    """Explain the filter if ``--explain`` asks for it; return whether it does.

    That tells what Redis tests, what jobctl tests, and how many members are looked at. Nothing is
    searched or changed; without a Redis only the cost is missing.

    Args:
        session: the options.
        kind: the structure that would be searched.
        where: the filter.
        count: returns how many members there are; without it those of the set are counted.
    """
    if not session.flag("explain"):
        return False
    try:
        with connect(session) as backend:
            members = backend.set(kind).count() if count is None else count(backend)
    except JobctlError as error:
        say(f"the cost is not known: {error.message}")
        members = None
    document = explain(where, kind, members)
    if session.in_json:
        write_document(session, document)
    elif session.format.human:
        from jobctl.render.screen import print_facts

        print_facts(console(session), _facts(where, document["pattern"], members))
        for warning in warnings(where):
            say(f"warning: {warning}")
    else:
        write_rows(session, [document], tuple(document), 0.0, ident="where")
    return True


def _facts(where: Where, pattern: object, members: int | None) -> dict[str, object]:
    of = "every member" if members is None else f"{members:,} members"
    sent = "sends what its glob lets through" if pattern else "sends all of it: no glob helps"
    return {
        "filter": str(where) or "none: everything",
        "redis tests": pattern or "nothing",
        "jobctl tests": "\n".join(str(test) for test in where.tests) or "nothing",
        "cost": f"Redis looks at {of}{',' if pattern else ' and'} {sent}",
    }
