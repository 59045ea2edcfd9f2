"""Testing ids against indexes: the commands for a page of them, and what the replies say."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

from jobctl.model.jobba import RecordLayout, RecordState, encode
from jobctl.records.query import Clause, Span, Values
from jobctl.redis.connection import Command, Reply


class Tests:
    """The clauses that ids must meet, all of them.

    Attributes:
        many: how many commands a page of ids takes.
    """

    def __init__(self, layout: RecordLayout, clauses: Sequence[Clause]) -> None:
        self._named: set[bytes] | None = None
        self._groups: list[tuple[Clause, list[tuple[str, bytes]]]] = []
        for clause in clauses:
            if isinstance(clause, Span):
                self._groups.append((clause, [("ZMSCORE", layout.moment(clause.field))]))
            elif clause.field == "id":
                mine = set(map(encode, clause.values))
                self._named = mine if self._named is None else self._named & mine
            else:
                keys = set_keys(layout, clause)
                self._groups.append((clause, [("SMISMEMBER", key) for key in keys]))
        self.many = sum(len(heads) for _, heads in self._groups)

    def named(self, ids: list[bytes]) -> list[bytes]:
        """Return those ids that are among the named ones, where any are."""
        named = self._named
        return ids if named is None else [ident for ident in ids if ident in named]

    def commands(self, ids: list[bytes]) -> list[Command]:
        """Return what to ask about a page of ids."""
        return [(*head, *ids) for _, heads in self._groups for head in heads]

    def passing(self, ids: list[bytes], replies: list[Reply]) -> list[bytes]:
        """Return the ids that meet all of it, by the replies to their commands."""
        at = 0
        keep: list[int] | None = None
        for clause, heads in self._groups:
            mine = _meets(clause, replies[at : at + len(heads)])
            keep = mine if keep is None else [a and b for a, b in zip(keep, mine, strict=True)]
            at += len(heads)
        return ids if keep is None else list(compress(ids, keep))


def set_keys(layout: RecordLayout, clause: Values) -> list[bytes]:
    """Return the sets whose members meet a clause."""
    if clause.field == "state":
        return [layout.state(RecordState(value)) for value in clause.values]
    if clause.field == "job_name":
        return [layout.job_name(value) for value in clause.values]
    if clause.field == "job_arg":
        return [layout.job_arg(value) for value in clause.values]
    return [layout.provider_job_id(value) for value in clause.values]


def _meets(clause: Clause, replies: list[Reply]) -> list[int]:
    """Return what is true or not of each id."""
    if isinstance(clause, Span):
        low = float("-inf") if clause.low is None else float(clause.low)
        high = float("inf") if clause.high is None else float(clause.high)
        return [score is not None and low <= float(score) <= high for score in replies[0]]
    if len(replies) == 1:
        return list(replies[0])
    return [any(found) for found in zip(*replies, strict=True)]
