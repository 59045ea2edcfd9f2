"""``jobctl cron validate``, ``ls`` and ``load``: what is in files of cron entries."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import OUTPUT, OWN, Command, Session
from jobctl.cli.cron_entries import (
    flavour,
    flavour_option,
    read_crontabs,
    read_files,
    say_error,
    say_problems,
    write_entries,
)
from jobctl.cli.cron_options import (
    READING,
    from_option,
    local_clock,
    say_start,
    say_zone,
    start,
    zone_option,
)
from jobctl.cli.options import option, output_options, page_options, shared
from jobctl.cli.streams import ON_A_TERMINAL, console, read_order, read_page, say, write_rows
from jobctl.cron.checks import read_crontab
from jobctl.cron.clock import Clock
from jobctl.cron.crontab import CronEntry, Crontab, Flavour, files_summary, schedules_summary
from jobctl.cron.finding import FINDING_KEYS, Finding, never_read, unreadable
from jobctl.cron.firing import LISTING_KEYS, listing_row
from jobctl.cron.lint import lint_text
from jobctl.cron.load import (
    COUNT_KEYS,
    HOUR,
    MINUTE,
    Load,
    Peak,
    all_queues,
    count_firings,
    days_from,
    heat_lines,
    midnight_of,
)
from jobctl.errors import Exit, JobctlError, UsageProblem
from jobctl.model.rows import Row, sorted_by
from jobctl.model.times import Instant
from jobctl.model.words import did_you_mean, things
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(
    "validate",
    cls=Command,
    examples=[
        "jobctl cron validate /etc/faktory",
        "jobctl cron validate cron.toml --strict --tz Europe/Berlin",
        "jobctl cron validate -e '0 9 31 * MON-FRI'",
        "jobctl cron validate conf.d -o json | jq -r '.[] | .code'",
    ],
)
@click.argument("paths", nargs=-1, metavar="[FILE|DIR|-]...", type=click.Path(readable=False))
@click.option(
    "-e",
    "expressions",
    multiple=True,
    metavar="EXPR",
    help="Check this schedule; can be given again.",
)
@click.option("--strict", is_flag=True, help="Exit with 8 for warnings too.")
@zone_option()
@flavour_option()
@output_options
@shared(OUTPUT, "--columns")
@click.pass_obj
def validate(
    session: Session, paths: tuple[str, ...], expressions: tuple[str, ...], strict: bool
) -> None:
    """Check files of cron entries, or schedules.

    They are read as the server with the cron plugin reads them: what does it refuse at its start or
    at a reload, and what does it accept that may not be meant?

    DIR is checked as the server makes one document of it: all *.toml of its conf.d, or its own,
    appended in order of name. Each FILE is a document by itself, - is stdin, and -e is a schedule.
    Entries without any [cron_plugin] are read as Faktory Enterprise reads them. Errors, which stop
    the start or each firing, exit with 8; warnings do with --strict.
    """
    if paths and expressions:
        hint = "check files and schedules in two calls"
        if " " not in expressions[-1]:
            hint = "a schedule is one word for the shell: in quotes, -e '30 9 * * MON-FRI'"
        raise UsageProblem("validate takes files or schedules, not both", hint=hint)
    if not (paths or expressions):
        hint = "jobctl cron validate /etc/faktory"
        raise UsageProblem("validate takes FILE, DIR, - or -e EXPR", hint=hint)
    columns = session.columns(FINDING_KEYS, FINDING_KEYS)
    now, local = int(time.time()), local_clock(session)
    if expressions:
        findings, summary = _check_expressions(expressions, now, local)
    else:
        findings, summary = _check_files(paths, now, local, flavour(session))
    _write(session, findings, columns)
    for line in summary:
        say(line)
    if any(each.is_error or strict for each in findings):
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _write(session: Session, findings: Sequence[Finding], columns: Sequence[str]) -> None:
    if session.format is Format.TABLE and session.text("columns") is None:
        from jobctl.render.findings import print_findings

        shown = findings[:ON_A_TERMINAL] if session.brief else findings
        out = console(session)
        print_findings(out, shown)
        if shown and sys.stdout.isatty():
            out.print()  # what is said of them all follows
        if len(shown) < len(findings):
            say(f"{len(findings) - len(shown):,} more: -o wide")
    elif findings or not session.format.human:
        write_entries(session, (each.row() for each in findings), columns)


def _check_expressions(
    expressions: Sequence[str], now: int, local: Clock
) -> tuple[list[Finding], list[str]]:
    """Return the findings of schedules, and what to say of them all."""
    findings = [each for text in expressions for each in lint_text(text, now, local)]
    return findings, [schedules_summary(findings, len(expressions))]


def _check_files(
    paths: Sequence[str], now: int, local: Clock, whose: Flavour | None
) -> tuple[list[Finding], list[str]]:
    """Return the findings of files, and what to say of them all."""
    findings: list[Finding] = []

    def note(path: str, error: JobctlError) -> None:
        findings.append(unreadable(path, error.message, error.hint))

    crontabs: list[Crontab] = [
        read_crontab(each, whose, now=now, local=local)
        for each in read_files(paths, unreadable=note)
    ]
    findings += [never_read(file) for each in crontabs for file in each.document.unread]
    findings += [finding for crontab in crontabs for finding in crontab.findings]
    return findings, files_summary(crontabs, findings)


_PEOPLE = ("line", "schedule", "words", "jobtype", "queue", "next", "last")


@click.command(
    "ls",
    cls=Command,
    examples=[
        "jobctl cron ls /etc/faktory",
        "jobctl cron ls conf.d/mail.toml --sort next --tz Europe/Berlin",
        "jobctl cron ls cron.toml -o json | jq -r '.[] | select(.queue == \"low\") | .next'",
    ],
)
@click.argument(
    "paths", nargs=-1, required=True, metavar="FILE|DIR|-...", type=click.Path(readable=False)
)
@from_option()
@zone_option()
@flavour_option()
@page_options
@output_options
@click.pass_obj
def ls(session: Session, paths: tuple[str, ...]) -> None:
    """List entries, and when they fire.

    It shows their schedules in words, their queues, when each fires next and when it fired last.
    DIR is read as the server reads it: all *.toml of its conf.d, or its own, as one document. What
    is wrong with an entry stands in its row and on stderr; the exit code is then 8. An interval
    (@every) counts from the server's start: next counts from now, and nobody knows the last.
    """
    now = time.time()
    at, local = start(session, now), local_clock(session)
    order, page = read_order(session, LISTING_KEYS), read_page(session)
    session.columns(LISTING_KEYS, LISTING_KEYS)
    crontabs = read_crontabs(session, paths)
    problems = say_problems(session, crontabs)
    entries = [entry for crontab in crontabs for entry in crontab.entries]
    rows = [
        _row(session, entry, at, local, problems.get((entry.file, entry.number)))
        for entry in entries
    ]
    if order.field is not None:
        keyed = ((row[order.field], row) for row in rows)
        rows = list(sorted_by(keyed, reverse=order.reverse))
    elif order.reverse:
        rows.reverse()
    brief = session.brief and page.limit is None
    shown = list(page.of(iter(rows)))[: ON_A_TERMINAL if brief else None]
    columns = session.columns(_columns(session, rows), LISTING_KEYS)
    write_entries(session, shown, columns, at)
    if brief and len(rows) - page.offset > len(shown):
        say(f"{len(rows) - page.offset - len(shown):,} more: --limit")
    _say(session, entries)
    if problems or any(row["problem"] is not None for row in rows):
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _columns(session: Session, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the columns: for people those that tell them apart."""
    if session.format is not Format.TABLE:
        return LISTING_KEYS
    files = ("file",) if len({row["file"] for row in rows}) > 1 else ()
    return (*files, *_PEOPLE)


def _row(session: Session, entry: CronEntry, now: int, local: Clock, problem: str | None) -> Row:
    """Return an entry's row; say what only the search finds out."""
    row = listing_row(entry, now, local, problem)
    if problem is None and row["problem"] is not None:
        say_error(session, f"{entry.file}:{entry.line}: {row['problem']}")
    return row


def _say(session: Session, entries: Sequence[CronEntry]) -> None:
    """Say what the times hang on."""
    schedules = [entry.parsed for entry in entries if entry.parsed is not None]
    say_zone(session, schedules)
    say_start(session, schedules)


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
    columns = session.columns(COUNT_KEYS, COUNT_KEYS)
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
