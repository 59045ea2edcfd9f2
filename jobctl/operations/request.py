"""A request: the change, what it is about, what it is held to; and the watch that sees it done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jobctl.errors import UsageProblem
from jobctl.filter.where import Where
from jobctl.model.layout import Kind
from jobctl.model.operation import Header
from jobctl.model.report import Preview, Report
from jobctl.model.verbs import Change, Guards, Rules, Verb
from jobctl.queues.naming import Naming

if TYPE_CHECKING:
    from jobctl.model.entry import Entry
    from jobctl.model.jobba import Record
    from jobctl.records.query import RecordWhere


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who asks for a change, on which machine, and with which words; no password in them."""

    who: str = ""
    host: str = ""
    argv: tuple[str, ...] = ()


NOBODY = Provenance()


@dataclass(frozen=True, slots=True)
class Request:
    """A change as it is asked for.

    Attributes:
        kind: the structure that it is about.
        change: the verb and how it is meant.
        where: the filter, on jobs or on records.
        names: the queues that are meant; ``*`` alone means all.
        guards: what it is held to.
        plan: a new file to write the selected jobs to, instead of changing them.
        text: the filter as people read it.
        author: who asks, and how. For the operation's file alone.
        histogram: whether the preview counts what there is of each kind.
        context: the context that it is done under, if there is one.
    """

    kind: Kind
    change: Change
    where: Where | RecordWhere = field(default_factory=Where)
    names: tuple[str, ...] = ()
    guards: Guards = field(default_factory=Guards)
    plan: Path | None = None
    text: str = ""
    author: Provenance = NOBODY
    histogram: bool = False
    context: str | None = None

    @property
    def rehearsed(self) -> bool:
        """Whether nothing is to be changed: a dry run, or a plan."""
        return self.guards.dry_run or self.plan is not None

    @property
    def all_queues(self) -> bool:
        """Whether all queues are meant."""
        return Naming(self.names).everything

    @property
    def typed(self) -> str | None:
        """What must be typed to confirm it; None where yes or no is the question."""
        if self.change.verb is Verb.REMOVE:
            return " ".join(dict.fromkeys(self.names))
        return self.kind.value if self.change.verb is Verb.CLEAR else None

    def under(self, rules: Rules) -> Request:
        """Return it as it is done under the rules of a context.

        Raises:
            Refused: they forbid it, or want a reason.
        """
        guards = self.guards.under(rules, rehearsed=self.rehearsed)
        return replace(self, guards=guards, context=rules.context)

    def check(self) -> None:
        """Check it; needs no connection.

        Raises:
            UsageProblem: it makes no sense, or means everything without saying so.
        """
        if self.change.verb.row.on_queues:
            Naming(self.names).check()
            return
        self.change.check(self.kind)
        verb = self.change.verb
        at_once = verb is Verb.CLEAR and not self.guards.undo
        if at_once and (self.guards.limit, self.change.rate) != (None, None):
            raise UsageProblem(
                "clear --no-undo removes all at once: no --limit, no --rate",
                hint=None if self.context is None else f"journal of context {self.context}: false",
            )
        if verb is Verb.CLEAR and self.where:
            raise UsageProblem(
                "clear takes no filter", hint=f"jobctl {self.kind.value} discard takes one"
            )
        if verb is not Verb.CLEAR and not self.where and not self.guards.everything:
            raise UsageProblem(
                f"{verb} what? there is no filter",
                hint=f"--all means every {self.kind.thing} there is",
            )
        if self.where and self.guards.everything:
            raise UsageProblem("--all and a filter contradict each other", hint="leave one out")


class Watch:
    """Says yes, and nothing else: what the library uses where no other is given."""

    def choosing(self, looked: int, total: int, matched: int) -> None:
        """Hear how many members were looked at, of how many, and how many matched."""

    def acting(self, done: int, total: int) -> None:
        """Hear how many jobs were dealt with, of how many."""

    def confirm(self, preview: Preview) -> bool:  # noqa: ARG002
        """Say whether to go on; here always."""
        return True

    def show(self, preview: Preview) -> None:
        """See what would be changed, and is not."""

    def began(self, operation: str) -> None:
        """Hear the id of the operation that changes something from now on."""

    def stopping(self) -> bool:
        """Say whether to end after the batch that is under way."""
        return False


def rehearsed(report: Report, preview: Preview, watch: Watch) -> Report:
    """Show what would be changed, and return the report of having changed nothing."""
    watch.show(replace(preview, rehearsed=True))
    notes = (*report.notes, *preview.notes)
    return replace(report, matched=preview.chosen, dry_run=True, notes=notes)


def undo_preview(
    header: Header,
    total: int,
    sample: Sequence[Entry | Record],
    *,
    notes: Sequence[str] = (),
    queues: Sequence[str] = (),
) -> Preview:
    """Return what an undo shows before it puts `total` jobs or records back."""
    return Preview(
        action="undo",
        kind=header.kind,
        change=header.change,
        server=header.server,
        matched=total,
        chosen=total,
        sample=sample,
        notes=notes,
        queues=queues,
    )
