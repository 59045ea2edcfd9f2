"""``jobctl completion``: the scripts that teach a shell jobctl's words."""

from __future__ import annotations

import click

from jobctl.cli.helping import Command
from jobctl.cli.index import COMMANDS

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_JOBCTL_COMPLETE"


def script(shell: str) -> str:
    """Return a shell's completion script; it asks jobctl itself for the words."""
    from click.shell_completion import ShellComplete, get_completion_class

    from jobctl.cli.root import root

    made = get_completion_class(shell)
    if made is None:
        raise LookupError(shell)
    # Not BashComplete.source: it runs the bash that is installed to look at its version.
    return ShellComplete.source(made(root, {}, "jobctl", _VARIABLE)).strip() + "\n"


@click.command(
    "completion",
    cls=Command,
    help="""Print the completion script of a shell.

    Commands, options, formats and the names of your queues complete.""",
    short_help=COMMANDS["completion"].summary,
    examples=[
        'eval "$(jobctl completion bash)"      # in ~/.bashrc',
        'eval "$(jobctl completion zsh)"       # in ~/.zshrc',
        "jobctl completion fish > ~/.config/fish/completions/jobctl.fish",
    ],
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a completion script."""
    click.echo(script(shell), nl=False)
