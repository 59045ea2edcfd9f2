"""``jobctl context ls|show``: the contexts in config.toml, and the settings in use."""

from __future__ import annotations

import os

import click

from jobctl.cli.command import CONNECTION, Group, Session
from jobctl.cli.completion import complete_contexts
from jobctl.cli.options import output_options, shared, shared_options
from jobctl.cli.streams import say, write_facts, write_rows
from jobctl.config import sources
from jobctl.config.contexts import config_file, find_context, read_contexts
from jobctl.errors import ConfigProblem, Exit

KEYS = (
    "context", "url", "faktory", "layout", "system", "records_namespace", "read_only",
    "protected", "reason_required", "journal", "current",
)  # fmt: skip


@click.group(
    "context",
    cls=Group,
    examples=[
        "jobctl context ls",
        "jobctl context show prod",
        "jobctl context show",
        "jobctl context ls -o ids | xargs -I{} jobctl --context {} info",
    ],
)
def context() -> None:
    """Names for job systems, and the rules of each.

    They stand in config.toml: $JOBCTL_CONFIG, else $XDG_CONFIG_HOME/jobctl/config.toml, else
    ~/.config/jobctl/config.toml. Each [contexts.NAME] has a url (Redis), a faktory (server), or
    both; and, where wanted, layout, system, records_namespace, password_command or password_file,
    read_only, protected, reason_required, journal. Use one by --context NAME or
    JOBCTL_CONTEXT=NAME.
    """


@context.command(
    "ls",
    examples=["jobctl context ls", "jobctl context ls -o json", "jobctl context ls -o ids"],
)
@shared(CONNECTION, "--context")
@output_options
@click.pass_obj
def ls(session: Session) -> None:
    """List the contexts in the order of the file, without passwords."""
    contexts = read_contexts(os.environ)
    current = _current(session)
    rows = [sources.context_row(each, current=name == current) for name, each in contexts.items()]
    write_rows(session, rows, KEYS, 0.0, ident="context")
    if not contexts and session.format.human:
        file = config_file(os.environ)
        where = "in" if file.there else "as there is no file"
        say(f"no contexts {where} {file.path}")


@context.command(
    "show",
    examples=[
        "jobctl context show prod",
        "jobctl context show prod -o json | jq -r .url",
        "jobctl context show",
        "jobctl context show --context prod",
        "jobctl context show -o json | jq '.[] | select(.setting == \"overruled\")'",
    ],
)
@click.argument("name", required=False, shell_complete=complete_contexts)
@shared_options
@click.pass_obj
def show(session: Session, name: str | None) -> None:
    """Show a context; without NAME where each setting in use comes from.

    Variables that were overruled are named, too; jobctl help connection has the order. With
    FAKTORY_URL alone url_without_faktory is the Redis of what needs no server; what asks the server
    never uses it.

    Nothing is connected, and no password is read or shown. A config.toml that cannot be used, even
    if no context is asked for, is a warning, and the exit code is 8.
    """
    if name is None:
        _show_settings(session)
        return
    context = find_context(name, os.environ)
    row = sources.context_document(context, os.environ, current=name == _current(session))
    write_facts(session, row, ident="context", exact_keys=True)


def _show_settings(session: Session) -> None:
    from jobctl.cli.connect import level_of  # imports redis, 70 ms: nothing else here needs it

    options = {name: session.text(name) for name in sources.OPTIONS}
    rows = sources.setting_rows(level_of(session), options, os.environ)
    write_rows(session, rows, sources.KEYS, 0.0, ident="setting")
    if level_of(session).unclear:
        say("what needs a Faktory server is refused: name one, by -u embedded:// or --faktory-url")
    try:
        read_contexts(os.environ)
    except ConfigProblem as problem:
        say(f"warning: {problem.message}")
        if problem.hint is not None:
            say(f"hint: {problem.hint}")
        raise click.exceptions.Exit(Exit.PROBLEMS) from None


def _current(session: Session) -> str | None:
    return session.text("context") or os.environ.get("JOBCTL_CONTEXT", "").strip() or None
