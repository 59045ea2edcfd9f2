"""``jobctl help``: the help of a command, or of the options that many commands share."""

from __future__ import annotations

import click

from jobctl.cli.command import CONNECTION, FILTERS, GUARDS, OUTPUT, TOPICS, Command, Group
from jobctl.cli.options import make_options
from jobctl.errors import UsageProblem
from jobctl.model.words import did_you_mean

_ABOUT = {
    FILTERS: """Which jobs or records are meant. The same option twice is OR, different ones, and
    each -w, are AND. An empty value is an error. A change wants a filter, or --all.

    --type, --queue, --jid, --error, --match, --malformed are for jobs, --stuck for working; -w and
    the ages for records too. The age of a job counts from its death in dead, its first failure in
    retries, its reservation in working, its enqueued_at in a queue, its creation in scheduled; that
    of a record from when it was recorded.

    \b
    EXPR: FIELD OP VALUE[,VALUE], joined by and, or, not ( )
    OP:   = !=  ~ !~ (regular expression)  < <= > >=""",
    GUARDS: """What a change is held to. It shows what it would change and asks first; off a
    terminal it is refused (exit 7) unless --yes answers, or --confirm where it asks for a name.""",
    OUTPUT: """How answers are written. stdout is data, stderr is talk. table and wide are for
    people; json is one document, jsonl one a line, csv and tsv have a header and whole values, ids
    are what other commands take.""",
    CONNECTION: """Which Redis, and which Faktory server on it. The first of these names both, two
    are never mixed: --url and --faktory-url; --context; JOBCTL_URL; JOBCTL_CONTEXT; REDIS_PROVIDER
    (the name of a variable); REDIS_URL; FAKTORY_URL alone; a running embedded server;
    redis://127.0.0.1:6379/0. Beside the variables the server is FAKTORY_URL, or what
    FAKTORY_PROVIDER names. jobctl context show tells what is used.""",
}


def topic_text(ctx: click.Context, topic: str) -> str:
    """Return what there is to say of shared options: about them, and each of them."""
    formatter = ctx.make_formatter()
    about = click.Command(topic, help=_ABOUT[topic])
    about.format_help_text(ctx, formatter)
    with formatter.section("Options"):
        records = [option.get_help_record(ctx) for option in make_options(topic)]
        formatter.write_dl([record for record in records if record is not None])
    return formatter.getvalue().strip("\n")


def _complete(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    """Complete a topic, or a command behind those that are there."""
    command: click.Command | None = ctx.find_root().command
    words = ctx.params.get(param.name or "") or ()
    for word in words:
        command = command.get_command(ctx, word) if isinstance(command, click.Group) else None
    if not isinstance(command, click.Group):
        return []
    item = click.shell_completion.CompletionItem
    topics = [] if words else [item(name) for name in TOPICS if name.startswith(incomplete)]
    return [*command.shell_complete(ctx, incomplete), *topics]


@click.command(
    "help",
    cls=Command,
    examples=["jobctl help filters", "jobctl help retries kill"],
)
@click.argument("words", nargs=-1, metavar="[TOPIC|COMMAND...]", shell_complete=_complete)
@click.pass_context
def help_command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Explain a command, or options that many share.

    The topics are filters, guards, output, connection.
    """
    at = ctx.find_root()
    if len(words) == 1 and words[0] in TOPICS:
        click.echo(topic_text(at, words[0]))
        return
    for word in words:
        group = at.command
        found = group.get_command(at, word) if isinstance(group, click.Group) else None
        if found is None:
            known = group.list_commands(at) if isinstance(group, Group) else []
            near = did_you_mean(word, [*known, *(() if at.parent else TOPICS)]) if known else None
            raise UsageProblem(f"{at.command_path} has no command {word!r}", hint=near)
        at = click.Context(found, info_name=word, parent=at)
    click.echo(at.get_help())
