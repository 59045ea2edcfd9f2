"""``jobctl cron load``: how many jobs fire when, by queue."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import OUTPUT, OWN, Command
from jobctl.cli.cron_entries import flavour_option, read_crontabs, say_error, say_problems
from jobctl.cli.cron_options import READING, local_clock, start, zone_option
from jobctl.cli.options import option, output_options, shared
from jobctl.cli.output import ON_A_TERMINAL, console, say, write_rows
from jobctl.cli.session import Session
from jobctl.cron.clock import Clock
from jobctl.cron.crontab import CronEntry
from jobctl.cron.load import (
    HOUR,
    KEYS,
    MINUTE,
    Load,
    Peak,
    all_queues,
    count_firings,
    days_from,
    heat_lines,
    midnight_of,
)
from jobctl.errors import Exit, UsageProblem
from jobctl.model.times import Instant
from jobctl.model.words import did_you_mean, things
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(
    "load",
    cls=Command,
    examples=[
        "jobctl cron load /etc/faktory --per hour",
        "jobctl cron load conf.d --per hour --days 7 --tz Europe/Berlin",
        "jobctl cron load cron.toml --per minute -o json | jq 'max_by(.count)'",
    ],
)
@click.argument(
    "paths", nargs=-1, required=True, metavar="FILE|DIR|-...", type=click.Path(readable=False)
)
@click.option(
    "--per", type=click.Choice(["hour", "minute"]), default="hour", help="What to count in."
)
@click.option(
    "--days", type=click.IntRange(1, 366), default=1, metavar="N", help="How many days; else 1."
)
@option(
    READING, "--from", "start", metavar="T",
    help="Begin with this time: 2026-09-21T14:00:00Z, monday, +2h, epoch seconds. Else today.",
)  # fmt: skip
@zone_option()
@flavour_option()
@option(OWN, "--queue", "queues", multiple=True, metavar="NAME", help="Only this queue.")
@output_options
@shared(OUTPUT, "--columns")
@click.pass_obj
def load(session: Session, paths: tuple[str, ...], per: str, days: int) -> None:
    """Count the jobs by hour or minute: a heat map.

    A heat map on a terminal, all days (or hours) together, so that pile-ups show; elsewhere a row
    for each hour or minute with jobs.

    Days, hours and minutes are those of the wall clock in --tz, else UTC. The days begin at
    midnight today, or with --from: the first one then lasts from that time to midnight. An interval
    (@every) counts from there. Firings are counted one by one, up to 5,000,000.
    """
    if session.format is Format.IDS:
        raise UsageProblem("counts have no ids", hint="-o json, jsonl, csv or tsv")
    columns = session.columns(KEYS, KEYS)
    local = local_clock(session)
    at = start(session, time.time())
    if session.text("start") is None:
        at = midnight_of(local, at)
    crontabs = read_crontabs(session, paths)
    problems = say_problems(session, crontabs)
    entries = _chosen(session, [entry for crontab in crontabs for entry in crontab.entries])
    size = HOUR if per == "hour" else MINUTE
    counted = count_firings(entries, local, at, days_from(local, at, days), size)
    if session.format.human and session.text("columns") is None:
        _print(session, counted, days)
    else:
        write_rows(session, counted.rows(), columns, at)
    if session.text("tz") is None:
        say("counted in UTC: --tz ZONE for another")
    for entry, why in counted.idle:
        say_error(session, f"{entry.file}:{entry.line}: {why}")
    if problems or counted.idle:
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _chosen(session: Session, entries: Sequence[CronEntry]) -> list[CronEntry]:
    """Return the entries of the queues that were asked for, else all."""
    asked = session.texts("queues")
    known = {entry.queue for entry in entries}
    for name in asked:
        if name == "":
            raise UsageProblem("--queue is empty", hint="is a variable unset in your script?")
        if name not in known:
            say(f"no entry makes jobs in {name}")
            if known:
                say(f"hint: {did_you_mean(name, sorted(known))}")
    return [entry for entry in entries if not asked or entry.queue in asked]


def _print(session: Session, load: Load, days: int) -> None:
    """Print the heat map, the peak, and the clock changes in the time."""
    from jobctl.render.heatmap import print_heatmap
    from jobctl.render.screen import Trimmed

    peak = load.peak()
    if peak is None:
        say("nothing fires in this time")
        return
    out = console(session)
    unit, together = "hour", "all days together" if days > 1 else ""
    if load.size == MINUTE:
        unit, together = "minute", "all hours together"
    out.print(f"jobs by {unit}, {_span(load)}", style="bold", soft_wrap=True)
    lines = heat_lines(load)
    shown = lines[: ON_A_TERMINAL if session.brief else None]
    every = all_queues(load) if len(lines) > 1 else None
    print_heatmap(out, shown, unit, together=together, every=every)
    more = len(lines) - len(shown)
    if more:
        say(f"{more:,} more {things(more, 'queue')}: -o wide, or --queue")
    out.print(_peak_text(peak, load.clock), soft_wrap=True)
    for before, after in load.clock_changes():
        out.print(Trimmed(_change_text(before, after)))


def _span(load: Load) -> str:
    """Return the days and their zone."""
    first = _wall_text(load.clock.wall(load.starts[0]))
    last = _wall_text(load.clock.wall(load.end - 1))
    day = first[:10] if first.endswith("00:00") else first
    return f"{day}{'' if last[:10] == first[:10] else f' to {last[:10]}'}, {load.clock.name}"


def _peak_text(peak: Peak, local: Clock) -> str:
    from jobctl.render.formats import printable

    utc = Instant(peak.at).rfc3339().replace(":00Z", "Z")
    wall = (
        "" if local.offset(peak.at) == 0 else f" ({_wall_text(local.wall(peak.at))} {local.name})"
    )
    text = f"peak: {peak.count:,} {things(peak.count, 'job')} at {utc}{wall}"
    if peak.jobtype is not None and (peak.share > 1 or peak.count == 1):
        share = "all" if peak.share == peak.count else f"{peak.share:,}"
        text += f", {share} of them {printable(peak.jobtype)}"
    return text


def _change_text(before: int, after: int) -> str:
    when, there = _wall_text(before), _wall_text(after)
    if after < before:
        return f"{when}: the clock goes back to {there[11:]}; what comes twice is added up"
    return f"{when}: the clock goes forward to {there[11:]}"


def _wall_text(wall: int) -> str:

    return Instant(wall).rfc3339()[:16].replace("T", " ")
