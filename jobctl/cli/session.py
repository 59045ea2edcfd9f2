"""One run of jobctl: the shared options it was given, and what they mean."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, cast

from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.backend import Backend
    from jobctl.config.levels import Level
    from jobctl.connecting import Settings
    from jobctl.filter.where import Where
    from jobctl.jobs.listing import Order, Page
    from jobctl.model.guards import Rules
    from jobctl.model.layout import Kind


_FILTERS = {
    "jobtypes": "--type",
    "queues": "--queue",
    "jids": "--jid",
    "errors": "--error",
    "globs": "--match",
    "older_than": "--older-than",
    "newer_than": "--newer-than",
    "expressions": "-w",
}


class Session:
    """The shared options, as typed; what was not given is not in it."""

    def __init__(self) -> None:
        self.given: dict[str, object] = {}
        self.quiet = False  # whether nothing is said of the Redis that is opened: once is enough

    def text(self, name: str) -> str | None:
        """Return an option's text."""
        return cast("str | None", self.given.get(name))

    def flag(self, name: str) -> bool:
        """Return whether a flag was given."""
        return bool(self.given.get(name))

    def number(self, name: str) -> int | None:
        """Return an option's number."""
        return cast("int | None", self.given.get(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of an option that may be given again."""
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
        """Whether people look at a table on a terminal: long ones are cut there."""
        return self.format is Format.TABLE and sys.stdout.isatty()

    @property
    def color(self) -> str:
        """When to use colour."""
        return self.text("color") or "auto"

    def connect(self) -> Backend:
        """Open the Redis that the options, or the environment, name."""
        from jobctl.connecting import open_redis

        backend = open_redis(self.level, self._settings(), os.environ)
        self._note(backend)
        return backend

    def connect_either(self) -> Backend:
        """Open the Redis, the Faktory server, or both: whatever the same level names."""
        from jobctl.connecting import open_either

        backend = open_either(self.level, self._settings(), os.environ)
        self._note(backend)
        return backend

    def _note(self, backend: Backend) -> None:
        if backend.has_redis and backend.server.clock is not None and not self.quiet:
            from jobctl.cli.output import say

            say(f"times go by the clock of this machine: {backend.server.clock}")
            self.quiet = True

    @cached_property
    def level(self) -> Level:
        """The doors that the options, or the environment, name; found once, nothing is opened.

        The file of an operation may name others: whoever reads it puts them here.
        """
        from jobctl.config.levels import choose_level
        from jobctl.connecting import running_embedded

        return choose_level(
            self.text("url"),
            self.text("faktory_url"),
            os.environ,
            lambda: running_embedded(os.environ),
            context=self.text("context"),
        )

    def doors_again(self) -> str:
        """Return the options that named the backend, to be typed again: passwords left out.

        What the environment names need not be typed.
        """
        from shlex import quote

        from jobctl.cli.asker import without_passwords

        named = (
            ("--context", "context"),
            ("-u", "url"),
            ("--faktory-url", "faktory_url"),
            ("--system", "system"),
        )
        given = [(option, self.text(name)) for option, name in named]
        words = [word for option, value in given if value is not None for word in (option, value)]
        return "".join(f" {quote(word)}" for word in without_passwords(words))

    @property
    def rules(self) -> Rules:
        """What every change is held to."""
        return self.level.rules

    def _settings(self) -> Settings:
        from jobctl.connecting import Settings
        from jobctl.model.layout import QueueForm, System
        from jobctl.model.times import parse_duration
        from jobctl.model.urls import Tls

        layout, timeout = self.text("layout"), self.text("connect_timeout")
        system = self.text("system")
        return Settings(
            tls=Tls(
                self.text("cacert"), self.text("cert"), self.text("key"), self.flag("insecure")
            ),
            layout=None if layout is None else QueueForm(layout),
            connect_timeout=None if timeout is None else parse_duration(timeout),
            trace=_trace if self.flag("debug") else None,
            records_namespace=self._namespace(),
            system=None if system is None else System(system),
        )

    def _namespace(self) -> str | None:
        from jobctl.errors import UsageProblem

        given = self.text("records_namespace")
        if given == "":
            raise UsageProblem("--records-namespace is empty", hint="leave it out for jobba")
        return given

    def where(self, kind: Kind | None = None) -> Where:
        """Return the filter that the flags and expressions mean; `kind`: whose fields there are."""
        from jobctl.cli.stdin import read_ids
        from jobctl.filter.where import Flags, Where
        from jobctl.systems.registry import payload_keys

        jids = self.texts("jids") or None
        expressions = Where.parse(
            *self.texts("expressions"), kind=kind, payload_keys=payload_keys()
        )
        flags = Flags(
            jobtypes=self.texts("jobtypes"),
            queues=self.texts("queues"),
            jids=None if jids is None else read_ids(jids, written=True),
            errors=self.texts("errors"),
            globs=self.texts("globs"),
            older_than=self.texts("older_than"),
            newer_than=self.texts("newer_than"),
            malformed=self.flag("malformed"),
            stuck=self.texts("stuck"),
        )
        return flags.where() & expressions

    def explains(
        self, kind: Kind, where: Where, count: Callable[[Backend], int] | None = None
    ) -> bool:
        """Show how the filter is read where ``--explain`` asks for that; tell whether it does."""
        if not self.flag("explain"):
            return False
        from jobctl.cli.explain import explain_filter

        explain_filter(self, kind, where, count)
        return True

    def filter_text(self) -> str:
        """Return the filter options as they could be typed again."""
        from shlex import quote

        words = ["--all"] if self.flag("everything") else []
        for name, option in _FILTERS.items():
            for value in self.texts(name):
                words += [option, quote(value)]
        # As typed: its value stands behind an equals sign, or is left out.
        words += ["--stuck" if v == "expired" else f"--stuck={v}" for v in self.texts("stuck")]
        return " ".join([*words, "--malformed"] if self.flag("malformed") else words)

    def order(self, keys: Sequence[str]) -> Order:
        """Return how to sort; `keys` are the fields there are."""
        from jobctl.jobs.listing import Order

        field = self.text("sort")
        if field is not None:
            _known("--sort", field, keys)
        return Order(field, reverse=self.flag("reverse"))

    def page(self) -> Page:
        """Return which part to show."""
        from jobctl.jobs.listing import Page

        return Page(self.number("offset") or 0, self.number("limit"))

    def columns(self, default: Sequence[str], keys: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that were asked for, else the default ones."""
        asked = self.text("columns")
        if asked is None:
            return tuple(default)
        names = tuple(dict.fromkeys(name.strip() for name in asked.split(",")))
        for name in names:
            _known("--columns", name, keys)
        return names


def _known(option: str, name: str, keys: Sequence[str]) -> None:
    if name not in keys:
        from jobctl.errors import UsageProblem
        from jobctl.model.words import did_you_mean

        raise UsageProblem(f"{option}: there is no field {name!r}", hint=did_you_mean(name, keys))


def _trace(line: str) -> None:
    from jobctl.cli.output import say

    say(line)
