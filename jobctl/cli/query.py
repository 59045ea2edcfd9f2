"""``jobctl query``: list or count the status records that match."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from shlex import quote

import click

from jobctl.cli.command import Command, Session
from jobctl.cli.connect import connect
from jobctl.cli.options import page_options, record_filter_options, shared_options
from jobctl.cli.streams import (
    ON_A_TERMINAL,
    read_ids,
    read_order,
    say,
    write_facts,
    write_number,
    write_rows,
)
from jobctl.errors import UsageProblem
from jobctl.library_records import Records
from jobctl.model.jobba import ROW_KEYS
from jobctl.model.rows import Page, Row, SortOrder
from jobctl.records.find import count, count_ignoring_case, explain, found, index_count, page_of
from jobctl.records.plan import QueryPlan, document, facts
from jobctl.records.query import Query, aged
from jobctl.render.formats import Format

COLUMNS = ("id", "state", "progress", "job_name", "attempt", "recorded_at", "errors")
_COUNTED = 20_000  # records that are looked at to say how many more there are


@click.command(
    "query",
    cls=Command,
    examples=[
        "jobctl query -w state=failed -w job_name=SendEmail,Retryer -w 'recorded_at>=-2d'",
        "jobctl query -w state=incomplete --older-than 1h --count",
        "jobctl query -w 'state=failed and error~timeout' -o ids",
        "jobctl query - -w 'recorded_at>=today' < ids",
        "jobctl query -w state=started -w job_arg=u-1 --sort started_at --limit 20 --explain",
    ],
)
@click.argument("named", nargs=-1, metavar="[-]")
@record_filter_options
@click.option("--count", is_flag=True, help="Print how many there are, and nothing else.")
@click.option(
    "--index",
    "indexed",
    is_flag=True,
    help="With --count: count index entries, as Jobba itself does; no record is looked at.",
)
@click.option("--explain", is_flag=True, help="Show which indexes are used, and how.")
@shared_options
@page_options
@click.pass_obj
def query(
    session: Session, named: tuple[str, ...], count: bool, indexed: bool, explain: bool
) -> None:
    """Status records that match, as Jobba keeps them.

    The newest recorded first; without a condition all of them. A condition on state, job_name,
    job_arg, provider_job_id, id or one of the times is answered by an index, any other by the
    records themselves. Nothing is written.

    Times are compared and sorted as their indexes have them; 2026-09-21, today or monday is its
    midnight in UTC, with = all of that day. A record's own state decides. Records without the field
    that is sorted by come last, by id.
    """
    if count and explain:
        raise UsageProblem(
            "--count and --explain do not go together",
            hint="--explain alone says how large each index is",
        )
    if indexed and not count:
        raise UsageProblem("--index goes with --count")
    request = QueryRequest.read(session, named)
    if count:
        request.whole()

    with connect(session) as backend:
        records = Records(backend)
        if explain:
            _explain(session, records, request)
        elif not (
            _count(session, records, request.query, indexed)
            if count
            else _list(session, records, request)
        ):
            _tell_of_case(records, request)
        if records.wrong_types.note is not None:
            say(records.wrong_types.note)


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A query as asked for, checked before there is a connection."""

    query: Query
    order: SortOrder
    page: Page
    columns: tuple[str, ...]

    @classmethod
    def read(cls, session: Session, named: tuple[str, ...]) -> QueryRequest:
        """Read the conditions, order, page and columns from the options, and ids from stdin.

        Raises:
            UsageProblem: one of them does not make sense.
        """
        default = ROW_KEYS if session.format is Format.WIDE else COLUMNS
        columns = session.columns(default, ROW_KEYS)
        page = page_of(session.number("limit"), session.number("offset"), option="--")
        asked = conditions(session)
        if named:
            asked &= _ids(named)
        return cls(asked, read_order(session, ROW_KEYS), page, columns)

    def whole(self) -> None:
        """Check that the request has no page and no order.

        Raises:
            UsageProblem: it has one.
        """
        if self.page.limit is not None:
            raise UsageProblem("--count counts all of them: leave --limit and --offset out")
        if self.order.field is not None or self.order.reverse:
            raise UsageProblem("a count has no order: leave --sort and --reverse out")


def _ids(named: tuple[str, ...]) -> Query:
    """Return the condition for the ids on stdin.

    Raises:
        UsageProblem: an id was typed, or stdin is a terminal.
    """
    if named != ("-",):
        raise UsageProblem(
            f"query takes conditions, and - for ids on stdin, not {named[0]!r}",
            hint=f"jobctl query -w id={quote(named[0])}, or jobctl record show",
        )
    return Query.of_ids(read_ids(named, "an id"))


def conditions(session: Session) -> Query:
    """Return the conditions of the options.

    Raises:
        BadFilter: one of them makes no sense.
    """
    found = Query.parse(*session.texts("expressions"))
    for name in ("older_than", "newer_than"):
        ages = session.texts(name)
        if ages:
            found &= aged(f"--{name.replace('_', '-')}", ages)
    return found


def _count(session: Session, records: Records, asked: Query, indexed: bool) -> bool:
    """Write how many records match; return whether any does."""
    now = records.now()
    if indexed:
        entries = index_count(records, asked, now)
        write_number(session, entries)
        return entries > 0
    counted = count(records, asked, now)
    write_number(session, counted.records)
    if counted.orphans:
        one = counted.orphans == 1
        some = "1 id is" if one else f"{counted.orphans:,} ids are"
        say(f"{some} in the indexes and {'has' if one else 'have'} no record: not counted")
    return counted.records > 0


def _list(session: Session, records: Records, request: QueryRequest) -> bool:
    """Write the records; return whether there are any."""
    now = records.now()
    brief = session.brief and request.page.limit is None
    page = Page(0, ON_A_TERMINAL) if brief else request.page
    if page.limit == 0:
        write_rows(session, (), request.columns, now, ident="id")
        return True
    plan = explain(records, request.query, request.order, page, now)
    rows = _rows(session, records, plan, page, now)
    first = list(islice(rows, ON_A_TERMINAL if brief else 1))
    write_rows(session, chain(first, rows), request.columns, now, ident="id")
    if brief and len(first) == ON_A_TERMINAL:
        _tell_more(records, request.query, plan, now)
    return bool(first)


def _rows(
    session: Session, records: Records, plan: QueryPlan, page: Page, now: float
) -> Iterator[Row]:
    ids = session.format is Format.IDS
    for record in found(records, plan, page, now):
        yield {"id": record.id} if ids else record.row()


def _tell_more(records: Records, asked: Query, plan: QueryPlan, now: float) -> None:
    """Say how many more there are; exactly if counting is cheap."""
    most = plan.clauses[0].size if plan.clauses else plan.length
    if most > _COUNTED:
        say(f"there are more, {most:,} at most: --limit, a condition, or --count")
        return
    more = count(records, asked, now).records - ON_A_TERMINAL
    if more > 0:
        say(f"{more:,} more: --limit, or a condition")


def _tell_of_case(records: Records, request: QueryRequest) -> None:
    """Say how many records a regular expression would find if it ignored case."""
    if request.page.offset:
        return
    relaxed = count_ignoring_case(records, request.query, records.now(), _COUNTED)
    if relaxed is not None and relaxed[0]:
        count, query = relaxed
        say(f"hint: {count:,} match ignoring case: -w {quote(str(query))}")


def _explain(session: Session, records: Records, request: QueryRequest) -> None:
    now = records.now()
    plan = explain(records, request.query, request.order, request.page, now)
    write_facts(session, document(plan), ident="way", shown=facts(plan))
