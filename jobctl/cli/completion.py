"""``jobctl completion``: the scripts for shells, and the live values they complete."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import Command, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from click.shell_completion import CompletionItem

    from jobctl.operations.journal import JournalEntry

    Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_JOBCTL_COMPLETE"


def script(root: click.Command, shell: str) -> str:
    """Return the completion script of a shell; it asks jobctl for the words."""
    from click.shell_completion import ShellComplete, get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise LookupError(shell)
    # Not BashComplete.source: it runs the bash that is installed to look at its version.
    return ShellComplete.source(made(root, {}, "jobctl", _VARIABLE)).strip() + "\n"


@click.command(
    "completion",
    cls=Command,
    examples=[
        'eval "$(jobctl completion bash)"      # in ~/.bashrc',
        'eval "$(jobctl completion zsh)"       # in ~/.zshrc',
        "jobctl completion fish > ~/.config/fish/completions/jobctl.fish",
    ],
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    Commands, options, formats and the names of your queues complete.
    """
    click.echo(script(ctx.find_root().command, shell), nl=False)


CAP = 0.3  # seconds for looking up names; a slow name server or Redis must not hold a shell


def complete_queues(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001
    incomplete: str,
) -> list[CompletionItem]:
    """Complete the name of a queue from the Redis that the line names; nothing on failure."""
    session = ctx.find_object(Session) or Session()
    if "command" in session.given:  # behind the -- of a hold stands a command
        return []
    names = queue_names(session)
    return _items(incomplete, {name: None for name in names if _is_word(name)})


def _is_word(name: str) -> bool:
    """Tell whether a shell takes a name as one word, without a pattern in it."""
    return bool(name) and name.isprintable() and not any(c.isspace() or c == "*" for c in name)


def queue_names(session: Session) -> list[str]:
    """Return the names of the queues; none if that fails or takes too long."""
    from jobctl.backend import load_client
    from jobctl.cli.connect import connect, level_of

    found: list[str] = []

    def look() -> None:
        try:
            context = level_of(session).context
            if context is not None and context.password_command is not None:
                return  # it might ask for a passphrase
            session.quiet = True
            session.given["connect_timeout"] = f"{int(CAP * 1000)}ms"
            with connect(session) as backend:
                found.extend(backend.queues.names())
        except Exception:  # any error: a completing shell has no place for messages
            found.clear()

    load_client()  # the cap is not for this
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(CAP)
    return [] if thread.is_alive() else found


def _completing(names: Callable[[], Mapping[str, str | None]]) -> Complete:
    """Complete from names, each with its help; nothing where they cannot be had."""

    def complete(
        ctx: click.Context,  # noqa: ARG001
        param: click.Parameter,  # noqa: ARG001
        incomplete: str,
    ) -> list[CompletionItem]:
        try:
            return _items(incomplete, names())
        except Exception:  # any error: a completing shell has no place for messages
            return []

    return complete


def _operations(wanted: Callable[[JournalEntry], bool]) -> dict[str, str | None]:
    from jobctl.config.levels import operations_directory
    from jobctl.operations.journal import Journal

    entries = filter(wanted, Journal(operations_directory(os.environ)).entries())
    return {e.header.operation: f"{e.header.change.verb} {e.header.kind.value}" for e in entries}


def _contexts() -> dict[str, str | None]:
    from jobctl.config.contexts import read_contexts

    return dict.fromkeys(read_contexts(os.environ))


def _undoable(entry: JournalEntry) -> bool:
    return not entry.header.change.verb.row.permanent and entry.state.value != "undone"


def _stopped(entry: JournalEntry) -> bool:
    return entry.state.value in ("unfinished", "undoing")


complete_operations = _completing(lambda: _operations(lambda _: True))
complete_undoable = _completing(lambda: _operations(_undoable))
complete_unfinished = _completing(lambda: _operations(_stopped))
complete_contexts = _completing(_contexts)


def _items(incomplete: str, names: Mapping[str, str | None]) -> list[CompletionItem]:
    """Return the names that begin so, each with its help."""
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(name, help=text)
        for name, text in names.items()
        if name.startswith(incomplete)
    ]
