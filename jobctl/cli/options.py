"""The options that commands share. Their values go into the session, not into arguments.

They are defined once, by topic, for the commands, ``jobctl help TOPIC`` and docs/commands.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import click

from jobctl.cli.command import (
    CONNECTION,
    FILTERS,
    GUARDS,
    OUTPUT,
    OWN,
    TOPICS,
    Command,
    Group,
    Option,
    Session,
)
from jobctl.cli.completion import complete_contexts, complete_queues
from jobctl.errors import UsageProblem
from jobctl.model.words import did_you_mean
from jobctl.render.formats import Format

_F = TypeVar("_F", bound=Callable[..., Any])
_COUNT = click.IntRange(min=0)
_FILE = click.Path(dir_okay=False)


class Shared(NamedTuple):
    """An option that many commands have: its names, and click's attributes."""

    names: tuple[str, ...]
    attrs: dict[str, Any]


def _is_duration(word: str) -> bool:
    from jobctl.model.times import is_duration  # 3 % of the time of --version

    return is_duration(word)


def _shared(*names: str, **attrs: Any) -> Shared:
    return Shared(names, attrs)


SHARED: dict[str, tuple[Shared, ...]] = {
    FILTERS: (
        _shared(
            "--type", "jobtypes", multiple=True, metavar="TYPE",
            help="Job type, or the class that ActiveJob wraps in it.",
        ),
        _shared(
            "--queue", "queues", multiple=True, metavar="NAME", shell_complete=complete_queues,
            help="Queue.",
        ),
        _shared(
            "--jid", "jids", multiple=True, metavar="JID",
            help="JID; - reads them from stdin, one a line.",
        ),
        _shared(
            "--error", "errors", multiple=True, metavar="REGEX",
            help="Regular expression, searched in the error's type and message.",
        ),
        _shared(
            "-w", "--where", "expressions", multiple=True, metavar="EXPR",
            help="Expression: 'error~timeout and (retry_count>=20 or custom.tenant=acme)'.",
        ),
        _shared("--older-than", multiple=True, metavar="AGE", help="Age: 90s, 15m, 2h, 3d, 12w."),
        _shared("--newer-than", multiple=True, metavar="AGE", help="Age, likewise."),
        _shared(
            "--match", "globs", multiple=True, metavar="GLOB",
            help="Glob over the whole payload, as in MUTATE's regexp.",
        ),
        _shared("--malformed", is_flag=True, help="Members that are no job."),
        _shared(
            "--stuck", multiple=True, bare="expired", takes=_is_duration, metavar="[=D]",
            help="Reservations that have expired; with D also those reserved longer than D.",
        ),
        _shared("--all", "everything", is_flag=True, help="Everything there is, for a change."),
        _shared(
            "--explain", is_flag=True,
            help="Show how the filter is read and what it costs; do nothing else.",
        ),
    ),
    GUARDS: (
        _shared(
            "-n", "--dry-run", is_flag=True,
            help="Show what would be changed: count, histogram, sample.",
        ),
        _shared("-y", "--yes", is_flag=True, help="Do not ask; needed off a terminal."),
        _shared(
            "--confirm", metavar="NAME",
            help="Answer where a name must be typed: clear asks for the set's, queue remove for "
            "the names as they were given, in one word ('a b'), a protected context for its own.",
        ),
        _shared("--expect", type=_COUNT, metavar="N", help="Refuse unless N match."),
        _shared("--max", "most", type=_COUNT, metavar="N", help="Refuse if more match."),
        _shared(
            "--limit", type=_COUNT, metavar="N",
            help="Change the first N: those of lowest score, records recorded first. The rest "
            "are skipped.",
        ),
        _shared("--reason", metavar="TEXT", help="Why; kept with the operation."),
        _shared(
            "--plan", metavar="FILE", type=_FILE,
            help="Write the chosen jobs to a new file, for jobctl apply, and change nothing.",
        ),
        _shared(
            "--no-undo", is_flag=True,
            help="Keep no file once it is done: it cannot be undone. clear is then instant.",
        ),
        _shared(
            "--server-changed", is_flag=True,
            help="Go on where nothing shows that this Redis holds the operation's data: it was "
            "restored, or moved. If it holds other data, jobs of the old one get into it.",
        ),
    ),
    OUTPUT: (
        _shared(
            "-o", "--output", type=click.Choice([f.value for f in Format]),
            help="Format; without it a table on a terminal, tsv in a pipe.",
        ),
        _shared(
            "--limit", type=_COUNT, metavar="N",
            help="At most so many; a table on a terminal shows 50.",
        ),
        _shared("--offset", type=_COUNT, metavar="N", help="Leave so many out."),
        _shared(
            "--sort", metavar="FIELD",
            help="Sort by a column, in memory; without it by what happens next (dead, and records: "
            "newest first).",
        ),
        _shared("--reverse", is_flag=True, help="The other way round."),
        _shared("--columns", metavar="A,B", help="Show these columns only."),
        _shared("--no-header", is_flag=True, help="Leave the header line out."),
        _shared(
            "--color", type=click.Choice(["auto", "always", "never"]), help="When to use colour."
        ),
    ),
    CONNECTION: (
        _shared(
            "-u", "--url", metavar="URL",
            help="Which Redis: redis://, rediss://, unix://, embedded://[dir].",
        ),
        _shared(
            "--context", metavar="NAME", shell_complete=complete_contexts,
            help="The Redis, Faktory server and rules that config.toml gives this name.",
        ),
        _shared(
            "--faktory-url", metavar="URL",
            help="The Faktory server on it: tcp://[:password@]host[:7419], tcp+tls://..",
        ),
        _shared("--cacert", type=_FILE, help="CA to trust for rediss:// and tcp+tls://."),
        _shared("--cert", type=_FILE, help="Client certificate."),
        _shared("--key", type=_FILE, help="Client certificate's key."),
        _shared("--insecure", is_flag=True, help="Do not check the server's certificate."),
        _shared("--connect-timeout", metavar="D", help="How long to wait for Redis: 5s, 500ms."),
        _shared(
            "--layout", type=click.Choice(["q", "bare"]),
            help="The form of queue keys (q:NAME or NAME) where no list tells.",
        ),
        _shared(
            "--system", type=click.Choice(["faktory", "sidekiq"]), metavar="NAME",
            help="faktory or sidekiq: whose jobs are meant where the Redis holds both; else "
            "JOBCTL_SYSTEM.",
        ),
        _shared(
            "--records-namespace", metavar="NAME",
            help="What stands before the keys of Jobba's status records; else jobba.",
        ),
        _shared("--debug", is_flag=True, help="Show commands, timings and tracebacks on stderr."),
    ),
}  # fmt: skip


_BY_NAME = {
    topic: {name: each for each in options for name in each.names}
    for topic, options in SHARED.items()
}


def option(section: str, *names: str, **attrs: Any) -> Callable[[_F], _F]:
    """Make an option whose value goes into the session; `attrs` are click's."""
    return click.option(*names, cls=Option, **_attrs(section, attrs))


def make_options(topic: str) -> list[Option]:
    """Return all options of a topic as click options."""
    return [Option(each.names, **_attrs(topic, each.attrs)) for each in SHARED[topic]]


def _attrs(section: str, attrs: dict[str, Any]) -> dict[str, Any]:
    own = {"section": section, "expose_value": False, "callback": _remember}
    return {"default": None} | attrs | own


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Put a value that was given into the session; one of the command wins over the root's."""
    if value is not None and value != () and param.name is not None:
        session = ctx.ensure_object(Session)
        session.given[param.name] = value


def all_of(options: Sequence[Callable[[Any], Any]]) -> Callable[[_F], _F]:
    """Add several options, in the order they are in the help."""

    def decorate(command: _F) -> _F:
        for add in reversed(options):
            command = add(command)
        return command

    return decorate


def shared(topic: str, *names: str, own: bool = False) -> Callable[[_F], _F]:
    """Add the options of a topic that are named, else all of them.

    `own`: whether the command's help shows them among its own.
    """
    chosen = [_BY_NAME[topic][name] for name in names] or SHARED[topic]
    section = OWN if own else topic
    return all_of([option(section, *each.names, **each.attrs) for each in chosen])


connection_options = shared(CONNECTION)
output_options = shared(OUTPUT, "--output", "--no-header", "--color")
shared_options = all_of([output_options, connection_options])
sort_options = shared(OUTPUT, "--sort", "--reverse", "--columns")
page_options = all_of([shared(OUTPUT, "--limit", "--offset"), sort_options])
filter_options = shared(
    FILTERS, "--type", "--queue", "--jid", "--error", "--where", "--older-than", "--newer-than",
    "--match", "--malformed", "--explain",
)  # fmt: skip
record_filter_options = shared(FILTERS, "--where", "--older-than", "--newer-than")
stuck_option = shared(FILTERS, "--stuck", own=True)
all_option = shared(FILTERS, "--all", own=True)
# The guards of what can be neither planned nor undone, of a verb, and of whole queues.
plain_guard_options = shared(
    GUARDS, "--dry-run", "--yes", "--confirm", "--expect", "--max", "--limit", "--reason"
)
guard_options = all_of([plain_guard_options, shared(GUARDS, "--plan", "--no-undo")])
queue_guard_options = shared(
    GUARDS, "--dry-run", "--yes", "--confirm", "--expect", "--max", "--reason", "--no-undo"
)
# What answers the question that undo, resume and apply ask.
answer_options = shared(GUARDS, "--dry-run", "--yes", "--confirm", "--server-changed")
watch_option = click.option(
    "--watch", "seconds", cls=Option, bare="2", metavar="[=S]",
    help="Look again every S seconds (2), until Ctrl-C.",
)  # fmt: skip


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


def _complete_topic(
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
@click.argument("words", nargs=-1, metavar="[TOPIC|COMMAND...]", shell_complete=_complete_topic)
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
