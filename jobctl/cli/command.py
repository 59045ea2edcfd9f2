"""A command line: the session that keeps its shared options, and the click classes of jobctl.

Help has examples first, shared options by topic, and the nearest name for a mistyped one.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click

from jobctl.errors import UsageProblem
from jobctl.model.words import did_you_mean
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.config.levels import SettingsLevel


class Session:
    """The shared options, as typed.

    Attributes:
        given: their values by name; an option that was not given is not in it.
        level: the level of the settings that names the Redis; None until it is asked for.
        quiet: whether not to mention again what is special about the Redis.
    """

    def __init__(self) -> None:
        self.given: dict[str, object] = {}
        self.level: SettingsLevel | None = None
        self.quiet = False

    def text(self, name: str) -> str | None:
        """Return the text of an option."""
        return cast("str | None", self.given.get(name))

    def flag(self, name: str) -> bool:
        """Return whether a flag was given."""
        return bool(self.given.get(name))

    def number(self, name: str) -> int | None:
        """Return the number of an option."""
        return cast("int | None", self.given.get(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of an option that may be repeated."""
        return cast("tuple[str, ...]", self.given.get(name, ()))

    @property
    def format(self) -> Format:
        """The output format: a table on a terminal, tsv in a pipe."""
        asked = self.text("output")
        if asked is not None:
            return Format(asked)
        return Format.TABLE if sys.stdout.isatty() else Format.TSV

    @property
    def in_json(self) -> bool:
        """Whether the output is JSON, in one document or in lines."""
        return self.format in (Format.JSON, Format.JSONL)

    @property
    def brief(self) -> bool:
        """Whether the output is a table on a terminal: long ones are cut there."""
        return self.format is Format.TABLE and sys.stdout.isatty()

    @property
    def color(self) -> str:
        """When to use colour."""
        return self.text("color") or "auto"

    def columns(self, default: Sequence[str], keys: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that were asked for, else the default ones.

        Raises:
            UsageProblem: one of them is not among the keys.
        """
        asked = self.text("columns")
        if asked is None:
            return tuple(default)
        names = tuple(dict.fromkeys(name.strip() for name in asked.split(",")))
        for name in names:
            check_field("--columns", name, keys)
        return names


def check_field(option: str, name: str, keys: Sequence[str]) -> None:
    """Check that a field exists.

    Raises:
        UsageProblem: it does not; names the nearest.
    """
    if name not in keys:
        raise UsageProblem(f"{option}: there is no field {name!r}", hint=did_you_mean(name, keys))


OWN = "Options"
# Topics of ``jobctl help``: a command's help has one line for the options of each.
FILTERS, GUARDS, OUTPUT, CONNECTION = TOPICS = ("filters", "guards", "output", "connection")
_NAMED = 56  # characters of such a line
# Commands and options that the last release removed, and their successors.
SUCCESSORS = {
    "jobctl config": "jobctl context show",
    "jobctl explain": "--explain with ls, count and the verbs: jobctl retries ls --explain",
    "jobctl query --unverified": "--index",
    "jobctl record create --provider-job-id": "--provider",
    "jobctl record args": "jobctl record set ID --clear-args --arg KEY=VALUE",
    "jobctl record error": "jobctl record set ID --error TEXT",
    "jobctl record name": "jobctl record set ID --name NAME",
    "jobctl record progress": "jobctl record set ID --progress AT/OUT_OF",
    "jobctl record provider": "jobctl record set ID --provider JID",
    "jobctl record save": "jobctl record set ID --data JSON",
}


class Option(click.Option):
    """An option that knows the section of the help it belongs to."""

    def __init__(
        self,
        param_decls: Sequence[str],
        *,
        section: str = OWN,
        bare: str | None = None,
        takes: Callable[[str], bool] | None = None,
        **attrs: Any,
    ) -> None:
        """Make an option.

        Args:
            param_decls: its names.
            section: the section of the help it belongs to, or the topic that explains it.
            bare: its value when it is given as ``--name`` without ``=``.
            takes: tells of the word behind such a bare name whether it is its value after all.
            attrs: click's.
        """
        self.section = section
        self.bare = bare
        self.takes = takes
        super().__init__(param_decls, **attrs)

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Leave out ``[x>=0]``; the error says it if it matters."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


class Command(click.Command):
    """A command with examples."""

    def __init__(self, name: str | None, *, examples: Sequence[str] = (), **attrs: Any) -> None:
        self.examples = tuple(examples)
        super().__init__(name, **attrs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; an option with a bare value takes the next word only if it `takes` it."""
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(ctx, [*self._completed(args[:end]), *args[end:]])

    def _completed(self, args: list[str]) -> Iterator[str]:
        """Yield the words; join each bare option and its value by an equals sign."""
        bare = {
            name: param
            for param in self.params
            if isinstance(param, Option) and param.bare is not None
            for name in param.opts
        }
        words = iter([*args, ""])
        word = next(words)
        for following in words:
            option = bare.get(word)
            if option is None:
                yield word
            elif option.takes is not None and option.takes(following):
                yield f"{word}={following}"
                following = next(words, "")
            else:
                yield f"{word}={option.bare}"
            word = following

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence of the help."""
        return _summary(self, limit)

    def format_help_text(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the summary, the examples, and what else there is to say."""
        _write_text(formatter, self.help, self.examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by section, the command's own first."""
        write_options(self, ctx, formatter)


class Group(click.Group):
    """A group with examples; a mistyped command gets the nearest name."""

    command_class = Command

    def __init__(self, name: str | None, *, examples: Sequence[str] = (), **attrs: Any) -> None:
        self.examples = tuple(examples)
        super().__init__(name, **attrs)

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence of the help."""
        return _summary(self, limit)

    def format_help_text(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the summary, the examples, and what else there is to say."""
        _write_text(formatter, self.help, self.examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and the commands."""
        write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; if there is none, name its successor or the nearest."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            successor = SUCCESSORS.get(f"{ctx.command_path} {name}")
            hint = f"it is now {successor}"
            if successor is None:
                hint = did_you_mean(name, self.list_commands(ctx))
            raise UsageProblem(f"{ctx.command_path} has no command {name!r}", hint=hint)
        return name, command, args[1:]


class Listed(NamedTuple):
    """The place of a command (``module:attribute``) and its summary."""

    home: str
    summary: str


class LazyGroup(Group):
    """A group that imports a command when it is used; its help imports none."""

    def __init__(self, name: str | None, *, listed: Mapping[str, Listed], **attrs: Any) -> None:
        self.listed = listed
        super().__init__(name, **attrs)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names, in the order of the help."""
        return list(self.listed)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in self.listed:
            return None
        module, _, attribute = self.listed[cmd_name].home.partition(":")
        command: click.Command = getattr(import_module(f"jobctl.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands and their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.summary) for name, each in self.listed.items()])

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Complete the name of a command without importing any."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        item = click.shell_completion.CompletionItem
        return [
            item(name, help=each.summary)
            for name, each in self.listed.items()
            if name.startswith(incomplete)
        ]


def _summary(command: click.Command, limit: int) -> str:
    text = command.short_help or re.split(r"(?<=\.)\s", inspect.cleandoc(command.help or ""))[0]
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _write_text(formatter: click.HelpFormatter, text: str | None, examples: Sequence[str]) -> None:
    summary, _, more = inspect.cleandoc(text or "").partition("\n\n")
    _write_paragraphs(formatter, summary)
    if examples:
        with formatter.section("Examples"):
            for example in examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
    _write_paragraphs(formatter, more)


def _write_paragraphs(formatter: click.HelpFormatter, text: str) -> None:
    if text:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text)


def write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write the command's options by section, and a line for each topic of shared ones."""
    sections: dict[str, list[tuple[str, str]]] = {OWN: []}
    topics: dict[str, list[str]] = {}
    for param in command.get_params(ctx):
        section = getattr(param, "section", OWN)
        record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
        if record is None or ("--help" in param.opts and ctx.parent):
            continue  # who reads a command's help knows how to get it
        if section in TOPICS:
            topics.setdefault(section, []).append(max(param.opts, key=len))
        else:
            sections.setdefault(section, []).append(record)
    for title, records in sections.items():
        if records:
            with formatter.section(title):
                formatter.write_dl(records)
    if topics:
        with formatter.section("Shared options (explained by: jobctl help TOPIC)"):
            formatter.write_dl(
                [(topic, _named(topics[topic])) for topic in TOPICS if topic in topics]
            )


def _named(options: Sequence[str]) -> str:
    """Return the names of options, as many as there is room for."""
    text = ", ".join(options)
    return text if len(text) <= _NAMED else f"{text[:_NAMED].rpartition(', ')[0]} .."
