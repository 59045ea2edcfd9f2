"""The guards of a change: what must be so, and what is asked, before anything is touched."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jobctl.errors import Refused


@dataclass(frozen=True, slots=True)
class Rules:
    """What a context holds every change to.

    Attributes:
        context: its name; None where no context was chosen: then there are no rules.
        read_only: nothing is changed.
        protected: a person must type the context's name where a change asks.
        reason_required: nothing is changed without a reason.
        journal: whether the files of operations stay, for an undo.
    """

    context: str | None = None
    read_only: bool = False
    protected: bool = False
    reason_required: bool = False
    journal: bool = True

    def check(self, reason: str | None, *, rehearsed: bool = False) -> None:
        """Check a change; one that is only rehearsed changes nothing.

        Raises:
            Refused: this context forbids it, or wants a reason.
        """
        if rehearsed:
            return
        self.allow()
        if self.reason_required and not (reason or "").strip():
            raise Refused(
                f"context {self.context} wants a reason; nothing was changed",
                hint="say why: --reason TEXT",
            )

    def allow(self) -> None:
        """Check a change that needs no reason of its own.

        Raises:
            Refused: this context forbids it.
        """
        if self.read_only:
            raise Refused(
                f"context {self.context} is read-only; nothing was changed",
                hint="use a context that may change things: jobctl context ls",
            )


NO_RULES = Rules()


@dataclass(frozen=True, slots=True)
class Guards:
    """What a change is held to.

    Attributes:
        dry_run: choose and show, change nothing.
        everything: mean every job, where there is no filter.
        expect: how many must match, exactly.
        most: how many may match (``--max``).
        limit: how many to change, those of lowest score.
        reason: why; it is kept in the operation's file.
        undo: whether the file stays, for an undo.
        server_changed: whether undo, resume and apply go on where this Redis may hold other data.
        without_pause: whether an undo puts jobs back also to a queue whose pause cannot come back.
    """

    dry_run: bool = False
    everything: bool = False
    expect: int | None = None
    most: int | None = None
    limit: int | None = None
    reason: str | None = None
    undo: bool = True
    server_changed: bool = False
    without_pause: bool = False

    def under(self, rules: Rules, *, rehearsed: bool) -> Guards:
        """Return them as they are under the rules of a context.

        Raises:
            Refused: it forbids the change, or wants a reason.
        """
        rules.check(self.reason, rehearsed=rehearsed)
        return replace(self, undo=self.undo and rules.journal)

    def allow(self, rules: Rules) -> None:
        """Check that the rules of a context allow more than a rehearsal, where more is meant.

        Raises:
            Refused: it is read-only.
        """
        if not self.dry_run:
            rules.allow()

    def check(self, matched: int) -> None:
        """Check a count of what matched (before the limit).

        Raises:
            Refused: it is not what was expected, or too many.
        """
        refusal = self.refusal(matched)
        if refusal is not None:
            raise refusal

    def refusal(self, matched: int) -> Refused | None:
        """Return the error for a count that is not what was expected, or too many."""
        if self.expect is not None and matched != self.expect:
            return Refused(
                f"{matched:,} matched, {self.expect:,} were expected; nothing was changed",
                hint="look at them: --dry-run",
            )
        if self.most is not None and matched > self.most:
            return Refused(
                f"{matched:,} matched, more than --max {self.most:,}; nothing was changed",
                hint="choose fewer, or raise --max",
            )
        return None

    def bounds(self, taken: int) -> tuple[int | None, int | None]:
        """Return how many more there may be, at least and at most, where some are taken."""
        highest = [bound - taken for bound in (self.expect, self.most) if bound is not None]
        fewest = None if self.expect is None else max(0, self.expect - taken)
        return fewest, max(0, min(highest)) if highest else None
