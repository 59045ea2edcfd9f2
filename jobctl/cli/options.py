"""The options that commands share. Their values go into the session, not into arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from jobctl.cli.completion import complete_contexts, complete_queues
from jobctl.cli.helping import Option
from jobctl.cli.session import Session
from jobctl.render.formats import Format

CONNECTION = "Connection options"
OUTPUT = "Output options"
FILTER = "Filter options (the same one twice is OR, different ones are AND)"
PAGE = "Page options"

_F = TypeVar("_F", bound=Callable[..., Any])


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Put a value that was given into the session; one of the command wins over the root's."""
    if value is not None and value != () and param.name is not None:
        session = ctx.ensure_object(Session)
        session.given[param.name] = value


def option(section: str, *names: str, hidden: bool = False, **attrs: Any) -> Callable[[_F], _F]:
    """Make an option whose value goes into the session; `attrs` are click's."""
    return click.option(
        *names,
        cls=Option,
        section=section,
        hidden=hidden,
        expose_value=False,
        callback=_remember,
        **({"default": None} | attrs),
    )


def all_of(options: Sequence[Callable[[Any], Any]]) -> Callable[[_F], _F]:
    """Add several options, in the order they are in the help."""

    def decorate(command: _F) -> _F:
        for add in reversed(options):
            command = add(command)
        return command

    return decorate


def shared_options(*, brief: bool = False) -> Callable[[_F], _F]:
    """Add the connection and output options; `brief` shows only the most used in the help."""
    return all_of([*_output(brief), *_connection(brief)])


def connection_options() -> Callable[[_F], _F]:
    """Add the connection options alone, for what leaves stdout to another program."""
    return all_of(_connection(brief=False))


def output_options() -> Callable[[_F], _F]:
    """Add the output options alone, for what needs no Redis named."""
    return all_of(_output(brief=False))


def _output(brief: bool) -> list[Callable[[_F], _F]]:
    return [
        option(
            OUTPUT, "-o", "--output", type=click.Choice([f.value for f in Format]),
            help="Format; without it a table on a terminal, tsv in a pipe.",
        ),
        option(
            OUTPUT, "--no-header", is_flag=True, hidden=brief, help="Leave the header line out."
        ),
        option(
            OUTPUT, "--color", type=click.Choice(["auto", "always", "never"]), hidden=brief,
            help="When to use colour.",
        ),
    ]  # fmt: skip


def _connection(brief: bool) -> list[Callable[[_F], _F]]:
    path = click.Path(dir_okay=False)
    return [
        option(
            CONNECTION, "-u", "--url", metavar="URL",
            help="Which Redis: redis://, rediss://, unix://, embedded://[dir]. "
            "Else --context, JOBCTL_URL, JOBCTL_CONTEXT, REDIS_PROVIDER, REDIS_URL, a running "
            "embedded server, redis://127.0.0.1:6379/0.",
        ),
        context_option(),
        option(
            CONNECTION, "--faktory-url", metavar="URL", hidden=brief,
            help="The Faktory server on it: tcp://[:password@]host[:7419], tcp+tls://.. "
            "Beside JOBCTL_URL or REDIS_..: FAKTORY_URL, FAKTORY_PROVIDER.",
        ),
        option(CONNECTION, "--cacert", type=path, hidden=brief, help="CA to trust for rediss:// and tcp+tls://."),
        option(CONNECTION, "--cert", type=path, hidden=brief, help="Client certificate."),
        option(CONNECTION, "--key", type=path, hidden=brief, help="Client certificate's key."),
        option(
            CONNECTION, "--insecure", is_flag=True, hidden=brief,
            help="Do not check the server's certificate.",
        ),
        option(
            CONNECTION, "--connect-timeout", metavar="D", hidden=brief,
            help="How long to wait for Redis: 5s, 500ms.",
        ),
        option(
            CONNECTION, "--layout", type=click.Choice(["q", "bare"]), hidden=brief,
            help="The form of queue keys (q:NAME or NAME) where no list tells.",
        ),
        option(
            CONNECTION, "--system", type=click.Choice(["faktory", "sidekiq"]), hidden=brief,
            metavar="NAME",
            help="faktory or sidekiq: whose jobs are meant where the Redis holds both; else "
            "JOBCTL_SYSTEM.",
        ),
        option(
            CONNECTION, "--records-namespace", metavar="NAME", hidden=brief,
            help="What stands before the keys of Jobba's status records; else jobba.",
        ),
        option(
            CONNECTION, "--debug", is_flag=True, hidden=brief,
            help="Show commands, timings and tracebacks on stderr.",
        ),
    ]  # fmt: skip


def context_option() -> Callable[[_F], _F]:
    """Add the name of a context."""
    return option(
        CONNECTION, "--context", metavar="NAME", shell_complete=complete_contexts,
        help="The Redis, Faktory server and rules that config.toml gives this name.",
    )  # fmt: skip


def filter_options() -> Callable[[_F], _F]:
    """Add the filter flags."""
    return all_of([
        option(
            FILTER, "--type", "jobtypes", multiple=True, metavar="TYPE",
            help="Job type, or the class that ActiveJob wraps in it.",
        ),
        option(
            FILTER, "--queue", "queues", multiple=True, metavar="NAME", help="Queue.",
            shell_complete=complete_queues,
        ),
        option(
            FILTER, "--jid", "jids", multiple=True, metavar="JID",
            help="JID; - reads them from stdin, one a line.",
        ),
        option(
            FILTER, "--error", "errors", multiple=True, metavar="REGEX",
            help="Regular expression, searched in the error's type and message.",
        ),
        option(
            FILTER, "--match", "globs", multiple=True, metavar="GLOB",
            help="Glob over the whole payload, as in MUTATE's regexp.",
        ),
        option(
            FILTER, "--older-than", multiple=True, metavar="AGE", help="Age: 90s, 15m, 2h, 3d, 12w."
        ),
        option(FILTER, "--newer-than", multiple=True, metavar="AGE", help="Age, likewise."),
        option(
            FILTER, "-w", "--where", "expressions", multiple=True, metavar="EXPR",
            help="Expression: 'error~timeout and (retry_count>=20 or custom.tenant=acme)'.",
        ),
        option(FILTER, "--malformed", is_flag=True, help="Members that are no job."),
    ])  # fmt: skip


def stuck_option() -> Callable[[_F], _F]:
    """Add ``--stuck[=D]``, for working."""

    def takes(word: str) -> bool:
        from jobctl.model.times import is_duration

        return is_duration(word)

    return option(
        FILTER, "--stuck", multiple=True, bare="expired", takes=takes, metavar="[=D]",
        help="Reservations that have expired; with D also those reserved longer than D.",
    )  # fmt: skip


_SORT = "Sort by a column, in memory; without it by what happens next (dead: newest first)."


def page_options(*, sort: str = _SORT) -> Callable[[_F], _F]:
    """Add limit, offset, sort, reverse and columns; `sort` is the help of that."""
    return all_of(
        [
            option(
                PAGE,
                "--limit",
                type=click.IntRange(min=0),
                metavar="N",
                help="At most so many; a table on a terminal shows 50.",
            ),
            option(
                PAGE, "--offset", type=click.IntRange(min=0), metavar="N", help="Leave so many out."
            ),
            *_sorting(sort),
        ]
    )


def sort_options() -> Callable[[_F], _F]:
    """Add sort, reverse and columns."""
    return all_of(_sorting(_SORT))


def _sorting(sort: str) -> list[Callable[[_F], _F]]:
    return [
        option(
            PAGE,
            "--sort",
            metavar="FIELD",
            help=sort,
        ),
        option(PAGE, "--reverse", is_flag=True, help="The other way round."),
        option(PAGE, "--columns", metavar="A,B", help="Show these columns only."),
    ]
