"""``jobctl cron validate``: what the server would say of a file of cron entries, before it does."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from jobctl.cli.cron_entries import read_files, write_entries
from jobctl.cli.cron_options import flavour, flavour_option, local_clock, zone_option
from jobctl.cli.helping import Command
from jobctl.cli.options import PAGE, option, output_options
from jobctl.cli.output import ON_A_TERMINAL, console, say
from jobctl.cli.session import Session
from jobctl.errors import Exit, JobctlError, UsageProblem
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.cron.clock import Clock
    from jobctl.cron.crontab import Crontab, Flavour
    from jobctl.cron.finding import Finding


@click.command(
    "validate",
    cls=Command,
    help="""Check files of cron entries as the server with the cron plugin reads them: what it
    refuses at its start or at a reload, and what it accepts but may not be meant.

    DIR is checked as the server makes one document of it: all *.toml of its conf.d, or its own,
    appended in order of name. Each FILE is a document by itself, - is stdin, and -e is a schedule.
    Entries without any [cron_plugin] are read as Faktory Enterprise reads them. Errors, which stop
    the start or each firing, exit with 8; warnings do with --strict.""",
    short_help="Check files of cron entries, or schedules.",
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
@option(PAGE, "--columns", metavar="A,B", help="Show these columns only.")
@output_options()
@click.pass_obj
def validate(
    session: Session, paths: tuple[str, ...], expressions: tuple[str, ...], strict: bool
) -> None:
    """Check files of cron entries, or schedules."""
    from jobctl.cron.finding import KEYS

    if paths and expressions:
        hint = "check files and schedules in two calls"
        if " " not in expressions[-1]:
            hint = "a schedule is one word for the shell: in quotes, -e '30 9 * * MON-FRI'"
        raise UsageProblem("validate takes files or schedules, not both", hint=hint)
    if not (paths or expressions):
        hint = "jobctl cron validate /etc/faktory"
        raise UsageProblem("validate takes FILE, DIR, - or -e EXPR", hint=hint)
    columns = session.columns(KEYS, KEYS)
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
    from jobctl.cron.crontab import schedules_summary
    from jobctl.cron.lint import lint_text

    findings = [each for text in expressions for each in lint_text(text, now, local)]
    return findings, [schedules_summary(findings, len(expressions))]


def _check_files(
    paths: Sequence[str], now: int, local: Clock, whose: Flavour | None
) -> tuple[list[Finding], list[str]]:
    """Return the findings of files, and what to say of them all."""
    from jobctl.cron.checks import load
    from jobctl.cron.crontab import files_summary
    from jobctl.cron.finding import never_read, unreadable

    findings: list[Finding] = []

    def note(path: str, error: JobctlError) -> None:
        findings.append(unreadable(path, error.message, error.hint))

    crontabs: list[Crontab] = [
        load(each, whose, now=now, local=local) for each in read_files(paths, unreadable=note)
    ]
    findings += [never_read(file) for each in crontabs for file in each.document.unread]
    findings += [finding for crontab in crontabs for finding in crontab.findings]
    return findings, files_summary(crontabs, findings)
