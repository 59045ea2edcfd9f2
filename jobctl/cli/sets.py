"""``jobctl retries|scheduled|dead|working``: one set of commands, made for each set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from jobctl.cli.grouping import group_command
from jobctl.cli.helping import Command, Group
from jobctl.cli.index import COMMANDS
from jobctl.cli.options import (
    all_of,
    filter_options,
    page_options,
    shared_options,
    stuck_option,
)
from jobctl.cli.release import release
from jobctl.cli.session import Session
from jobctl.cli.verbs import verb_commands
from jobctl.systems.layout import Kind

_ABOUT = {
    Kind.RETRIES: "Sorted by when they are tried next. Age counts from the first failure.",
    Kind.SCHEDULED: "Sorted by when they are pushed. Age counts from their creation.",
    Kind.DEAD: "Newest first. Age counts from their death; they are purged 180 days after it.",
    Kind.WORKING: "Reservations, sorted by when they expire. Age counts from the reservation.",
}
_F = TypeVar("_F", bound=Callable[..., Any])
_FILTERED = {
    Kind.RETRIES: "--error Timeout --older-than 2h",
    Kind.SCHEDULED: "--queue mailers",
    Kind.DEAD: "--newer-than 1d",
    Kind.WORKING: "--stuck",
}


def make_group(kind: Kind) -> Group:
    """Make the commands of one sorted set."""
    name = kind.value
    group = Group(
        name,
        help=f"{COMMANDS[name].summary}\n\n{_ABOUT[kind]}",
        short_help=COMMANDS[name].summary,
        examples=[
            f"jobctl {name} ls {_FILTERED[kind]}",
            f"jobctl {name} count --type SendEmail",
            f"jobctl {name} show 8f3a6c0d2b914e57a1c0 --raw",
        ],
    )
    group.add_command(_ls(kind))
    group.add_command(_show(kind))
    group.add_command(_count(kind))
    own = [release] if kind is Kind.WORKING else [group_command(kind), *verb_commands(kind)]
    for command in own:
        group.add_command(command)
    return group


def _filters(kind: Kind) -> Callable[[_F], _F]:
    own = [stuck_option()] if kind is Kind.WORKING else []
    return all_of([filter_options(), *own])


def _ls(kind: Kind) -> click.Command:
    @click.command(
        "ls",
        cls=Command,
        help=f"List jobs in {kind.value}. {_ABOUT[kind]}",
        short_help="List them.",
        examples=[
            f"jobctl {kind.value} ls {_FILTERED[kind]}",
            f"jobctl {kind.value} ls --type SendEmail -o ids | jobctl status -",
            f"jobctl {kind.value} ls -o jsonl | jq -r .message | sort | uniq -c",
        ],
    )
    @_filters(kind)
    @page_options()
    @shared_options()
    @click.pass_obj
    def ls(session: Session) -> None:
        from jobctl.cli.listings import Request, write_listing

        request = Request.read(session, kind)
        with session.connect() as store:
            write_listing(session, store, [store.set(kind)], request)

    return ls


def _count(kind: Kind) -> click.Command:
    @click.command(
        "count",
        cls=Command,
        help=f"Count the jobs in {kind.value} that match; without a filter all of them.",
        short_help="Count them.",
        examples=[
            f"jobctl {kind.value} count",
            f"jobctl {kind.value} count {_FILTERED[kind]}",
        ],
    )
    @_filters(kind)
    @shared_options()
    @click.pass_obj
    def count(session: Session) -> None:
        from jobctl.cli.writing import write_number
        from jobctl.jobs.listing import count as count_matching

        where = session.where(kind)
        with session.connect() as store:
            write_number(session, count_matching(store.set(kind), where, store.server.now()))

    return count


def _show(kind: Kind) -> click.Command:
    @click.command(
        "show",
        cls=Command,
        help=f"Show one job in {kind.value}: everything about it, or its exact bytes.",
        short_help="Show one of them.",
        examples=[
            f"jobctl {kind.value} show 8f3a6c0d2b914e57a1c0",
            f"jobctl {kind.value} show 8f3a6c0d2b914e57a1c0 --raw | sha256sum",
        ],
    )
    @click.argument("jid")
    @click.option("--raw", is_flag=True, help="Print the member's exact bytes, and nothing else.")
    @shared_options()
    @click.pass_obj
    def show(session: Session, jid: str, raw: bool) -> None:
        from jobctl.cli.showing import show_job
        from jobctl.cli.stdin import read_id

        jid = read_id(jid)
        with session.connect() as store:
            show_job(session, store, kind, jid, raw=raw)

    return show


retries = make_group(Kind.RETRIES)
scheduled = make_group(Kind.SCHEDULED)
dead = make_group(Kind.DEAD)
working = make_group(Kind.WORKING)
