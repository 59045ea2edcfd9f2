"""A verb from its filter to its report: choose, guard, confirm, act."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jobctl.backend import Backend
from jobctl.errors import FileProblem, Refused, UsageProblem
from jobctl.filter.where import Where
from jobctl.model.change import Change, Verb
from jobctl.model.guards import Guards, Rules
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.operation import Header
from jobctl.model.preview import Preview
from jobctl.model.report import Report
from jobctl.operations.carrying import begin, carry_out, claim
from jobctl.operations.choosing import Choice, choose
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import Journal
from jobctl.operations.preparing import Preparer
from jobctl.operations.watching import Watch
from jobctl.redis.operations import script_of

if TYPE_CHECKING:  # few changes are of records
    from jobctl.records.query import RecordWhere


@dataclass(frozen=True, slots=True)
class Order:
    """A change as it was asked for.

    Attributes:
        where: the filter, on jobs or on records.
        change: the verb and how it is meant.
        guards: what it is held to.
        plan: a new file to write the chosen jobs to, instead of changing them.
        text: the filter as people read it.
        who, host, argv: who asks, and how; no password in it. For the file alone.
        context: the context that it is done under, if there is one.
    """

    where: Where | RecordWhere
    change: Change
    guards: Guards = field(default_factory=Guards)
    plan: Path | None = None
    text: str = ""
    who: str = ""
    host: str = ""
    argv: Sequence[str] = ()
    context: str | None = None

    @property
    def rehearsed(self) -> bool:
        """Whether nothing is to be changed."""
        return self.guards.dry_run or self.plan is not None

    def under(self, rules: Rules) -> Order:
        """Return it as it is done under the rules of a context.

        Raises:
            Refused: they forbid it, or want a reason.
        """
        guards = self.guards.under(rules, rehearsed=self.rehearsed)
        return replace(self, guards=guards, context=rules.context)

    def check(self, kind: Kind) -> None:
        """Check it for a set; needs no connection.

        Raises:
            UsageProblem: it makes no sense, or means everything without saying so.
        """
        self.change.check(kind)
        at_once = self.change.verb is Verb.CLEAR and not self.guards.undo
        if at_once and (self.guards.limit, self.change.rate) != (None, None):
            raise UsageProblem(
                "clear --no-undo removes all at once: no --limit, no --rate",
                hint=None if self.context is None else f"journal of context {self.context}: false",
            )
        if self.change.verb is Verb.CLEAR:
            if self.where:
                raise UsageProblem(
                    "clear takes no filter", hint=f"jobctl {kind.value} discard takes one"
                )
        elif not self.where and not self.guards.everything:
            raise UsageProblem(
                f"{self.change.verb} what? there is no filter",
                hint=f"--all means every {kind.thing} there is",
            )
        elif self.where and self.guards.everything:
            raise UsageProblem("--all and a filter contradict each other", hint="leave one out")


def perform(backend: Backend, kind: Kind, order: Order, watch: Watch) -> Report:
    """Do what was ordered to what matches in a set, and report.

    Raises:
        UsageProblem: the order makes no sense for this set.
        Refused: a guard, or whoever watches, says no. Nothing was changed.
        FileProblem: the operation's file cannot be written. Nothing was changed.
        ConnectionLost: Redis went away on the way; resume goes on from there.
    """
    order = order.under(backend.rules)
    order.check(kind)
    begun = time.monotonic()
    warnings: list[str] = []
    if kind is not Kind.RECORDS:
        backend.check_system()
    if order.change.verb is Verb.RELEASE:
        from jobctl.operations.release_checks import check_way

        warnings = check_way(backend, rehearsed=order.rehearsed)
    kept = order.guards.undo or order.guards.dry_run or order.plan is not None
    if order.change.verb is Verb.CLEAR and not kept:
        report = _clear(backend, kind, order, watch)
    else:
        if not order.rehearsed:
            backend.operations.check_script(script_of(order.change, kind), kind=kind)
        with _new_file(backend, kind, order) as file:
            report = _perform(backend, file, order, watch, warnings)
    return replace(report, seconds=report.seconds + time.monotonic() - begun)


def _perform(
    backend: Backend, file: OperationFile, order: Order, watch: Watch, warnings: Sequence[str]
) -> Report:
    rehearsed = order.rehearsed
    try:
        choice = _choose(backend, file, order, watch)
        report = _report(file.header, choice, rehearsed=rehearsed)
        report = replace(report, notes=(*report.notes, *warnings))
        preview = _preview(backend, file, choice, order, warnings)
        if rehearsed or not len(choice.chosen):
            watch.show(preview)
        else:
            if order.guards.undo:  # what nobody will undo need not outlive a power failure
                file.flush()
            asked = time.monotonic()
            if not watch.confirm(preview):
                raise Refused("not confirmed; nothing was changed")
            report = replace(report, seconds=asked - time.monotonic())  # nobody's work
            acting = begin(backend, file, len(choice.chosen), order.who, order.host)
            claim(backend, file, acting)  # what is refused now has cost nothing
    except BaseException:
        file.delete()  # nothing was changed: there is nothing to undo, nor to resume
        raise
    if order.plan is not None:
        return report
    if order.guards.dry_run or not len(choice.chosen):
        file.delete()
        return replace(report, operation=None)
    return carry_out(backend, file, choice.chosen, acting, report, watch)


def _choose(backend: Backend, file: OperationFile, order: Order, watch: Watch) -> Choice:
    choice = _choice(backend, file, order.where, watch)
    order.guards.check(choice.matched)
    choice.skipped = choice.chosen.cut(order.guards.limit)
    if order.change.verb is Verb.RELEASE:
        from jobctl.operations.release_checks import check_batches

        check_batches(backend, file, choice.chosen)
    if order.change.to_queues and choice.matched:
        form, named, warnings = _queues(backend, order.change, rehearsed=order.rehearsed)
        if order.change.verb is not Verb.RELEASE:  # who has said so before
            choice.notes = (*choice.notes, *warnings)
        file.header = replace(file.header, form=form, named=named)
    note = {
        "form": file.header.form,
        "named": list(file.header.named),
        "matched": choice.matched,
        "skipped": choice.skipped,
        "missing": list(choice.missing),
        "unmatched": list(choice.unmatched),
        "limit": order.guards.limit,
    }
    file.note({"chosen": note})
    if order.change.front:
        choice.chosen.backwards()
    return choice


def _choice(
    backend: Backend, file: OperationFile, where: Where | RecordWhere, watch: Watch
) -> Choice:
    now = backend.server.now()
    if isinstance(where, Where):
        return choose(backend.set(file.header.kind), where, file, now, watch)
    from jobctl.records.choosing import choose_records  # only records need it

    return choose_records(backend, file, where, now, watch)


@contextmanager
def _new_file(backend: Backend, kind: Kind, order: Order) -> Iterator[OperationFile]:
    header = Header(
        operation=secrets.token_hex(4),
        kind=kind,
        change=order.change,
        server=str(backend.target),
        identity=backend.operations.identity(),
        where=order.text,
        who=order.who,
        host=order.host,
        argv=tuple(order.argv),
        reason=order.guards.reason,
        started_at=backend.server.now(),
        keep=order.guards.undo,
        faktory=_server(backend) if order.change.verb is Verb.RELEASE else None,
        context=order.context,
        namespace=backend.scope.records_namespace if kind is Kind.RECORDS else None,
    )
    if order.plan is None:
        journal = Journal.of(backend)
        if not order.guards.dry_run:
            journal.tidy()
        made = journal.create(header, hidden=order.guards.dry_run)
    else:
        try:
            made = OperationFile.create(order.plan, header)
        except FileExistsError:
            raise UsageProblem(
                f"--plan: {order.plan} is there already", hint="name a new file"
            ) from None
        except FileProblem as error:  # its hint is about the journal's place
            raise FileProblem(error.message) from None
    with made:
        yield made


def _server(backend: Backend) -> str | None:
    return None if backend.faktory is None else str(backend.faktory.address)


def _queues(
    backend: Backend, change: Change, *, rehearsed: bool
) -> tuple[QueueForm, tuple[str, ...], tuple[str, ...]]:
    """Return the form of the lists that jobs go to, the odd names of queues, and warnings.

    Raises:
        Refused: nothing tells which form.
        UsageProblem: ``--to`` names what is no queue, and could not become one.
    """
    form, warnings = backend.system.form_to_write(rehearsed=rehearsed)
    names = sorted({queue.name for queue in backend.queues.named()})
    named = tuple(name for name in names if not backend.layout.is_queue_name(name))
    if change.to is None:
        return form, named, warnings
    if form not in backend.layout.queue_forms(change.to):
        raise UsageProblem(f"--to: {change.to!r} is a key of the job system, no queue")
    if not backend.layout.is_queue_name(change.to) and change.to not in named:
        raise UsageProblem(
            f"--to: {change.to!r} is no name of a queue",
            hint="a queue that is not there yet: letters, digits, dots, dashes and underscores",
        )
    return form, named, warnings


def _report(header: Header, choice: Choice, *, rehearsed: bool) -> Report:
    return Report(
        action=header.change.verb.value,
        target=header.kind.value,
        server=header.server,
        matched=choice.matched,
        skipped=choice.skipped,
        missing=choice.missing,
        unmatched=choice.unmatched,
        dry_run=rehearsed,
        operation=header.operation,
        reason=header.reason,
        notes=choice.notes,
    )


def _preview(
    backend: Backend, file: OperationFile, choice: Choice, order: Order, warnings: Sequence[str]
) -> Preview:
    header = file.header
    return Preview(
        action=header.change.verb.value,
        kind=header.kind,
        change=header.change,
        server=header.server,
        matched=choice.matched,
        chosen=len(choice.chosen),
        skipped=choice.skipped,
        missing=choice.missing,
        unmatched=choice.unmatched,
        histogram=dict(sorted(choice.histogram.items(), key=lambda item: (-item[1], item[0]))),
        sample=Preparer.of(file, choice.chosen, backend.layout).sample(),
        notes=(*order.change.notes, *choice.notes, *warnings),
        plan=order.plan,
        rehearsed=order.rehearsed,
    )


def _clear(backend: Backend, kind: Kind, order: Order, watch: Watch) -> Report:
    """Remove a whole set at once: nothing is kept, nothing can be undone."""
    source = backend.set(kind)
    matched = source.count()
    order.guards.check(matched)
    server = str(backend.target)
    preview = Preview(Verb.CLEAR, kind, order.change, server, matched, matched)
    if matched and not watch.confirm(preview):
        raise Refused("not confirmed; nothing was changed")
    done = backend.operations.clear(kind) if matched else 0
    return Report(
        action=Verb.CLEAR.value,
        target=kind.value,
        server=server,
        matched=done,
        done=done,
        reason=order.guards.reason,
        before={kind.value: matched},
        after={kind.value: source.count()},
        moved={kind.value: -done},
    )
