"""The guards of a change: what must be so, and what is asked, before anything is touched."""

from __future__ import annotations

from dataclasses import dataclass

from jobctl.errors import Refused


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
    """

    dry_run: bool = False
    everything: bool = False
    expect: int | None = None
    most: int | None = None
    limit: int | None = None
    reason: str | None = None
    undo: bool = True

    def check(self, matched: int) -> None:
        """Check a count of what matched (before the limit).

        Raises:
            Refused: it is not what was expected, or too many.
        """
        if self.expect is not None and matched != self.expect:
            raise Refused(
                f"{matched:,} matched, {self.expect:,} were expected; nothing was changed",
                hint="look at them: the same filter with ls, or --dry-run",
            )
        if self.most is not None and matched > self.most:
            raise Refused(
                f"{matched:,} matched, more than --max {self.most:,}; nothing was changed",
                hint="narrow the filter, or raise --max",
            )
