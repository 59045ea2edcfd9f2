"""``jobctl retries|scheduled|dead group``: what there is, and the filter that selects it."""

from __future__ import annotations

import click

from jobctl.cli.helping import Command
from jobctl.cli.options import filter_options, option, shared_options
from jobctl.cli.session import Session
from jobctl.cli.writing import say, write_rows
from jobctl.errors import UsageProblem
from jobctl.render.formats import Format
from jobctl.systems.layout import Kind

_MORE = ("count", "share", "oldest", "newest", "filter")
_WIDE_BAR = 20  # cells


def group_command(kind: Kind) -> click.Command:
    """Make the command of one set."""
    when = "died" if kind is Kind.DEAD else "are due"

    @click.command(
        "group",
        cls=Command,
        help=f"""Count the jobs in {kind.value} by type, class, queue, errtype, fingerprint, hour
        or day. The class is the type, or what ActiveJob wraps in it.
        A fingerprint is the error's message without ids, numbers, paths, addresses; hour and day
        are those at which the jobs {when}, in UTC. Each line has the filter that selects it; a
        table that is too narrow for it leaves it out.""",
        short_help="Count them by what they have in common.",
        examples=[
            f"jobctl {kind.value} group",
            f"jobctl {kind.value} group --by errtype,fingerprint --type SendEmail -o wide",
            f"jobctl {kind.value} group --by hour -o json | jq -r '.[0].filter'",
        ],
    )
    @click.option(
        "--by",
        metavar="KEYS",
        default="type,errtype",
        help="type, class, queue, errtype, fingerprint, hour, day; else type,errtype.",
    )
    @option(
        "Options", "--limit", type=click.IntRange(min=0), metavar="N", help="The N largest groups."
    )
    @filter_options()
    @shared_options()
    @click.pass_obj
    def group(session: Session, by: str) -> None:
        from jobctl.jobs.grouping import group as group_jobs
        from jobctl.jobs.grouping import read_keys

        keys = read_keys(by)
        if session.format is Format.IDS:
            raise UsageProblem("groups have no ids", hint="-o json, jsonl, csv or tsv")
        where = session.where(kind)
        with session.connect() as store:
            now = store.server.now()
            groups = group_jobs(store.set(kind), where, keys, now, given=session.filter_text())
        limit = session.number("limit")
        shown = groups if limit is None else groups[:limit]
        rows = [each.row() for each in shown]
        columns: tuple[str, ...] = (*keys, *_MORE)
        if session.format.human:
            from jobctl.render.human import bar

            most = groups[0].count if groups else 1
            for row, each in zip(rows, shown, strict=True):
                row["bar"] = bar(each.count / most, _WIDE_BAR)
                if each.malformed:
                    row[keys[0]] = "(malformed)"
            wide = session.format is Format.WIDE
            columns = (*keys, "count", "share", "bar", *(_MORE[2:] if wide else ("filter",)))
        write_rows(session, rows, columns, now)
        rest = groups[len(shown) :]
        if rest:
            say(f"{len(rest):,} more groups, {sum(each.count for each in rest):,} jobs")

    return group
