"""``jobctl cron add`` and ``rm``: entries into a file, and out of it."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import OWN, Command, Session
from jobctl.cli.cron_entries import (
    flavour,
    flavour_option,
    say_finding,
    write_entries,
)
from jobctl.cli.cron_options import (
    local_clock,
    zone_option,
)
from jobctl.cli.options import option, output_options
from jobctl.cli.streams import console, say, write_bytes
from jobctl.cron.crontab import KEYS, CronEntry, counted
from jobctl.cron.editing import (
    Edited,
    NewEntry,
    Span,
    add_entry,
    entry_spans,
    judge,
    read_file,
    remove_entries,
)
from jobctl.cron.files import read_one, replace_file
from jobctl.cron.schedule import Schedule
from jobctl.cron.toml import Parsed
from jobctl.errors import BadCronFile, NotFound, UsageProblem
from jobctl.model.jsontext import Number, loads
from jobctl.model.words import listed, things

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class _Edit:
    """A file before and after; None where there was no file."""

    file: str
    old: Parsed | None
    new: Parsed

    @property
    def bytes_before(self) -> bytes | None:
        """Its bytes; None where there was no file."""
        return None if self.old is None else self.old.document.raw


@click.command(
    "add",
    cls=Command,
    examples=[
        "jobctl cron add conf.d/cron.toml --schedule '30 9 * * MON-FRI' --type SendReport",
        "jobctl cron add cron.toml --schedule @daily --type Sweep --queue low --args '[30]' -n",
        "jobctl cron add new.toml --schedule '@every 90s' --type Ping --enable --comment 'For Ops'",
    ],
)
@click.argument("file", type=click.Path(readable=False))
@click.option("--schedule", required=True, metavar="EXPR", help="When: '30 9 * * MON-FRI'.")
@click.option("--type", "jobtype", required=True, metavar="TYPE", help="Type of the jobs.")
@option(OWN, "--queue", metavar="NAME", help="Their queue; else default.")
@option(OWN, "--retry", type=int, metavar="N", help="How often they are tried again; else 25.")
@option(OWN, "--reserve-for", type=int, metavar="N", help="Seconds that a worker has; else 1800.")
@option(OWN, "--args", metavar="JSON", help="Their arguments, a JSON array; else none.")
@option(OWN, "--custom", metavar="JSON", help="Their custom data, a JSON object.")
@option(OWN, "--comment", metavar="TEXT", help="A comment above the entry.")
@option(OWN, "--enable", is_flag=True, help="Write [cron_plugin] too, where it is missing.")
@option(OWN, "--strict", is_flag=True, help="Do not add it where there is a warning.")
@option(OWN, "-n", "--dry-run", is_flag=True, help="Show what would change, as a diff.")
@zone_option()
@flavour_option()
@output_options
@click.pass_obj
def add(session: Session, file: str, schedule: str, jobtype: str) -> None:
    """Add an entry to a file.

    It goes to the end of the file; every byte that is there stays.

    The result is checked as by validate before it takes the file's place: an error that was not
    there before stops it, a warning is said (--strict: stops it too). A file in a folder conf.d is
    checked together with the others there. A link stays, what it points to is replaced.

    A file that does not exist is made; what turns the plugin on is written only with --enable.
    """
    _not_stdin(file)
    Schedule.parse(schedule)
    entry = NewEntry(schedule, _job(session, jobtype), session.text("comment") or "")
    old: Parsed | None = None
    with contextlib.suppress(NotFound):
        old = read_file(file, read_one(file))
    enable = session.flag("enable")
    edit = _Edit(file, old, add_entry(old or read_file(file, b""), entry, enable=enable))
    edited = _judge(session, edit)
    added = edited.after.entries[-1]
    _refuse(session, edited, file, added=added)
    _put(session, edit, (added,))
    if not session.flag("dry_run"):
        made = "" if old is not None else f"made {file}; "
        on = "cron_plugin" in edit.new.data and (old is None or "cron_plugin" not in old.data)
        more = "[cron_plugin], and " if on else ""
        say(f"{made}added {more}entry {added.number:,} at line {added.line:,}: {_words(added)}")


@click.command(
    "rm",
    cls=Command,
    examples=[
        "jobctl cron rm conf.d/cron.toml --line 31",
        "jobctl cron rm cron.toml --entry 2 --entry 5 -n",
    ],
)
@click.argument("file", type=click.Path(readable=False))
@click.option("--line", "lines", type=int, multiple=True, metavar="N", help="A line of the entry.")
@click.option(
    "--entry", "numbers", type=int, multiple=True, metavar="N", help="Its number, from 1 on."
)
@option(OWN, "--strict", is_flag=True, help="Do not remove it where that makes a warning.")
@option(OWN, "-n", "--dry-run", is_flag=True, help="Show what would change, as a diff.")
@zone_option()
@flavour_option()
@output_options
@click.pass_obj
def rm(session: Session, file: str, lines: tuple[int, ...], numbers: tuple[int, ...]) -> None:
    """Remove entries from a file.

    Each goes with all of its tables; every other byte stays; the diff is printed on stderr.

    Comments between an entry's lines go with it. So does a block of them directly above [[cron]],
    no blank line in between, unless it begins the file; and one directly below the entry's last
    line, unless another header follows at once. The blank lines behind it go too.

    The result is checked as by validate before it takes the file's place, together with the other
    files where the folder is conf.d; an error that was not there before stops it.
    """
    if not lines and not numbers:
        raise UsageProblem(
            "rm takes --line N or --entry N", hint=f"jobctl cron ls {shlex.quote(file)}"
        )
    _not_stdin(file)
    old = read_file(file, read_one(file))
    spans = entry_spans(old)
    chosen = {_known(file, old, number) for number in numbers}
    chosen |= {_at_line(file, spans, line) for line in lines}
    edit = _Edit(file, old, remove_entries(old, chosen))
    edited = _judge(session, edit)
    _refuse(session, edited, file)
    before = edited.before.entries if edited.before is not None else ()
    gone = tuple(entry for entry in before if entry.number in chosen)
    _put(session, edit, gone)
    if not session.flag("dry_run"):
        _show(session, edit, to_stderr=True)
        for entry in gone:
            say(f"removed entry {entry.number:,} at line {entry.line:,}: {_words(entry)}")


def _not_stdin(file: str) -> None:
    if file == "-":
        raise UsageProblem("- is stdin elsewhere, and cannot be changed", hint="name a file: ./-")


def _job(session: Session, jobtype: str) -> dict[str, object]:
    """Return what was given of the job, in the order of the help."""
    args, custom = session.text("args"), session.text("custom")
    job = {
        "type": jobtype,
        "queue": session.text("queue"),
        "retry": session.number("retry"),
        "reserve_for": session.number("reserve_for"),
        "args": None if args is None else _json("--args", args, list),
        "custom": None if custom is None else _json("--custom", custom, dict),
    }
    return {key: value for key, value in job.items() if value is not None}


def _json(option: str, text: str, kind: type) -> object:
    """Read the JSON of an option, as TOML can hold it."""
    what = "a JSON array: '[1, \"two\"]'" if kind is list else "a JSON object: '{\"track\": 1}'"
    try:
        value = loads(text.encode("utf-8", "surrogateescape"))
    except ValueError as error:
        raise UsageProblem(f"{option} is no JSON: {error}", hint=f"it takes {what}") from None
    if not isinstance(value, kind):
        raise UsageProblem(f"{option} takes {what}")
    todo = [value]
    while todo:
        each = todo.pop()
        if each is None:
            raise UsageProblem(f"{option}: TOML has no null", hint="leave it out")
        if isinstance(each, Number):
            raise UsageProblem(f"{option}: {each} is too long a number for TOML")
        todo += each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
    return value


def _known(file: str, old: Parsed, number: int) -> int:
    """Return the number of an entry that is there."""
    cron = old.data.get("cron")
    count = len(cron) if isinstance(cron, list) else 0
    if not 1 <= number <= count:
        hint = f"there {'is' if count == 1 else 'are'} {counted(count)}" if count else None
        raise NotFound(f"{file}: there is no entry {number}", hint=hint)
    return number


def _at_line(file: str, spans: Sequence[Span], line: int) -> int:
    """Return the number of the entry that a line is of."""
    for span in spans:
        if span.first <= line <= span.last:
            return span.entry
    begin = listed([str(span.first) for span in spans])
    hint = f"entries begin at {things(len(spans), 'line')} {begin}" if spans else None
    raise NotFound(f"{file}: line {line} is in no entry", hint=hint)


def _judge(session: Session, edit: _Edit) -> Edited:
    now, local = int(time.time()), local_clock(session)
    return judge(edit.file, edit.old, edit.new, now, local, flavour(session))


def _refuse(session: Session, edited: Edited, file: str, *, added: CronEntry | None = None) -> None:
    """Say what an edit would make worse; an error stops it.

    Raises:
        UsageProblem: the entry that is added is wrong by itself.
        BadCronFile: with the rest of the file, or of its folder, it is.
    """
    for each in edited.worse:
        if not each.is_error:
            continue
        mine = added is not None and each.file == file and (each.line or 0) >= added.line
        if mine and (each.message, each.line) in edited.own:
            raise UsageProblem(each.message, hint=each.hint)
        message = f"{each.file}:{each.line}: {each.message}; nothing was changed"
        raise BadCronFile(message, hint=each.hint)
    for each in edited.worse:
        say_finding(session, each)
    if edited.worse and session.flag("strict"):
        count = len(edited.worse)
        raise BadCronFile(f"--strict: {count:,} {things(count, 'warning')}; nothing was changed")


def _put(session: Session, edit: _Edit, entries: Sequence[CronEntry]) -> None:
    """Replace a file, or show what would change; write the rows of entries for programs."""
    dry_run, asked = session.flag("dry_run"), session.text("output") is not None
    rows = not session.format.human and (asked or not dry_run)
    if dry_run:
        _show(session, edit, to_stderr=rows)
    else:
        replace_file(edit.file, edit.bytes_before, edit.new.document.raw)
    if rows:
        write_entries(session, (entry.row() for entry in entries), KEYS)


def _show(session: Session, edit: _Edit, *, to_stderr: bool) -> None:
    """Print the diff: exact bytes in a pipe, which patch takes."""
    from jobctl.render.findings import diff_lines, print_diff

    old, new = edit.bytes_before, edit.new.document.raw
    if to_stderr or sys.stdout.isatty():
        out = console(session, sys.stderr if to_stderr else None)
        print_diff(out, edit.file, old, new)
    else:
        write_bytes(b"".join(diff_lines(edit.file, old, new)))


def _words(entry: CronEntry) -> str:
    """Return an entry's schedule in words, or as it stands."""
    return str(entry.schedule) if entry.parsed is None else entry.parsed.explain()
