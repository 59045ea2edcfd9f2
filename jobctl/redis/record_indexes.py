"""Read the indexes of the records: their sizes, their members, in what order.

Ids are the bytes that Redis holds. Every call is bounded by a page, however large an index is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from math import inf, nextafter
from typing import TYPE_CHECKING, Protocol

from jobctl.errors import WrongType
from jobctl.model.jobba import Clause, RecordLayout, RecordState, SetClause, TimeClause, encode
from jobctl.redis.scripts import Command, Reply
from jobctl.redis.sets import ByScore, Item

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection


Scored = tuple[float, bytes]  # a score and a member: they sort as the set does

PAGE = 2000  # ids of one call: about a millisecond
_OVERLAP = 16  # members read again: so many may be removed without a new search
_SPARE = 100  # members before them: so many may be removed while a page is under way
_KNOWN = 32  # members read last, of which one will still be there
_TESTS = 8  # sets that a whole page is tested against in one pipe; of more, less of it


class Pages(Protocol):
    """An index, read a page at a time."""

    @property
    def ended(self) -> bool:
        """True once there are no more pages."""

    def command(self) -> Command:
        """Return the command that reads the next page."""

    def take(self, reply: Reply) -> list[bytes]:
        """Return the page in the reply to it; an empty page is not the end."""


class SetPages:
    """The members of sets, one after the other; SSCAN may return one again."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = deque(keys)
        self._cursor = b"0"

    @property
    def ended(self) -> bool:
        """True once all sets were read."""
        return not self._keys

    def command(self) -> Command:
        """Ask for the next members."""
        return ("SSCAN", self._keys[0], self._cursor, "COUNT", PAGE)

    def take(self, reply: Reply) -> list[bytes]:
        """Return the members, and note the cursor."""
        self._cursor, page = reply
        if self._cursor == b"0":
            self._keys.popleft()
        return list(page)


class RankPages:
    """The members of a sorted set, by rank: reading its scores would cost twice as much.

    A page begins with the last members of the one before, so some come again. If these have moved,
    the place is searched for.

    Attributes:
        ended: whether there are no more.
    """

    def __init__(self, connection: Connection, key: bytes) -> None:
        self.ended = False
        self._connection = connection
        self._key = key
        self._rank = 0
        self._shown: list[bytes] = []

    def command(self) -> Command:
        """Return the command for the next members, and some before them."""
        self._start = max(0, self._rank - _SPARE)
        return ("ZRANGE", self._key, self._start, self._rank + PAGE - 1)

    def take(self, reply: Reply) -> list[bytes]:
        """Return the members; none if the page does not begin where the one before ended."""
        page: list[bytes] = reply
        if self._shown and self._shown[-1] not in page:
            ranks = self._connection.pipe(("ZRANK", self._key, ident) for ident in self._shown)
            self._rank = max((rank + 1 for rank in ranks if rank is not None), default=0)
            self._shown = [
                i for i, rank in zip(self._shown, ranks, strict=True) if rank is not None
            ]
            return []
        self.ended = self._start + len(page) < self._rank + PAGE
        self._rank = self._start + len(page)
        self._shown = page[-_KNOWN:]
        return page


class ScorePages:
    """The members of a sorted set between two scores, both inclusive; None: without an end.

    Each page begins with the last members of the one before. If these have moved, the place is
    searched for, so that no member that stays comes twice or is left out.

    Attributes:
        ended: whether there are no more.
    """

    def __init__(
        self,
        connection: Connection,
        key: bytes,
        ends: tuple[int | None, int | None],
        descending: bool,
        size: int,
    ) -> None:
        first, self._end = reversed(ends) if descending else ends
        behind = None if first is None else (b"", nextafter(first, inf if descending else -inf))
        self._order = ByScore(connection, key, descending, behind=behind)
        self._descending = descending
        self._size = size
        self._rank = 0 if first is None else None  # of the next member; None: to be searched for
        self._start = self._asked = 0
        self.ended = False

    def command(self) -> Command:
        """Return the command for the next members, and some before them."""
        if self._rank is None:
            self._rank = self._order.find_again()
        self._start = max(0, self._rank - _OVERLAP)
        self._asked = self._rank + self._size - self._start
        return self._order.commands(self._start, self._start + self._asked - 1)[0]

    def take(self, reply: Reply) -> list[bytes]:
        """Return the members that were not returned yet; none if the place was lost."""
        items = self._order.read([reply], self._start)
        fresh = self._order.fresh(items, self._start, _OVERLAP)
        if fresh is None:
            self._rank = None
            return []
        self._rank = self._start + len(items)
        self._size = max(self._size, min(self._size * 2, PAGE))
        self.ended = len(items) < self._asked
        if fresh and self._is_beyond(fresh[-1]):
            fresh = [item for item in fresh if not self._is_beyond(item)]
            self.ended = True
        return [ident for ident, _ in fresh]

    def _is_beyond(self, item: Item) -> bool:
        if self._end is None:
            return False
        return item[1] < self._end if self._descending else item[1] > self._end


class ClauseTests:
    """Clauses that ids must all meet.

    Attributes:
        many: how many commands testing a page of ids takes.
    """

    def __init__(self, layout: RecordLayout, clauses: Sequence[Clause]) -> None:
        self._named: set[bytes] | None = None
        self._groups: list[tuple[Clause, list[tuple[str, bytes]]]] = []
        for clause in clauses:
            if isinstance(clause, TimeClause):
                self._groups.append((clause, [("ZMSCORE", layout.moment(clause.field))]))
            elif clause.field == "id":
                mine = set(map(encode, clause.values))
                self._named = mine if self._named is None else self._named & mine
            else:
                keys = set_keys(layout, clause)
                self._groups.append((clause, [("SMISMEMBER", key) for key in keys]))
        self.many = sum(len(heads) for _, heads in self._groups)

    def named(self, ids: list[bytes]) -> list[bytes]:
        """Return the ids that the clauses on `id` name; all if there are no such clauses."""
        named = self._named
        return ids if named is None else [ident for ident in ids if ident in named]

    def commands(self, ids: list[bytes]) -> list[Command]:
        """Return the commands that test a page of ids."""
        return [(*head, *ids) for _, heads in self._groups for head in heads]

    def passing(self, ids: list[bytes], replies: list[Reply]) -> list[bytes]:
        """Return the ids that meet all clauses, given the replies to their commands."""
        at = 0
        keep: list[int] | None = None
        for clause, heads in self._groups:
            mine = _meets(clause, replies[at : at + len(heads)])
            keep = mine if keep is None else [a and b for a, b in zip(keep, mine, strict=True)]
            at += len(heads)
        return ids if keep is None else list(compress(ids, keep))


def set_keys(layout: RecordLayout, clause: SetClause) -> list[bytes]:
    """Return the sets whose members meet a clause."""
    if clause.field == "state":
        return [layout.state(RecordState(value)) for value in clause.values]
    if clause.field == "job_name":
        return [layout.job_name(value) for value in clause.values]
    if clause.field == "job_arg":
        return [layout.job_arg(value) for value in clause.values]
    return [layout.provider_job_id(value) for value in clause.values]


def _meets(clause: Clause, replies: list[Reply]) -> list[int]:
    """Return for each id whether it meets the clause."""
    if isinstance(clause, TimeClause):
        low = float("-inf") if clause.low is None else float(clause.low)
        high = float("inf") if clause.high is None else float(clause.high)
        return [score is not None and low <= float(score) <= high for score in replies[0]]
    if len(replies) == 1:
        return list(replies[0])
    return [any(found) for found in zip(*replies, strict=True)]


@dataclass(slots=True)
class Budget:
    """The number of ids that may still be looked at; None: any number."""

    left: int | None = None

    @property
    def lasts(self) -> bool:
        """True while there is any left."""
        return self.left is None or self.left > 0

    def spend(self, count: int) -> None:
        """Subtract a number of ids."""
        if self.left is not None:
            self.left -= count


class Indexes:
    """The sets and sorted sets of one namespace."""

    def __init__(self, connection: Connection, layout: RecordLayout) -> None:
        self._connection = connection
        self._layout = layout
        self._record = layout.record("")

    def sizes(self, clauses: Sequence[Clause]) -> list[int]:
        """Return how many ids meet each clause; an upper bound for sets that may overlap."""
        asked = [self._size(clause) for clause in clauses]
        replies = iter(self._connection.pipe(command for mine in asked for command in mine))
        return [
            len(clause.values)
            if isinstance(clause, SetClause) and clause.field == "id"
            else sum(int(next(replies)) for _ in mine)
            for clause, mine in zip(clauses, asked, strict=True)
        ]

    def matching(
        self,
        lead: Clause,
        tests: Sequence[Clause] = (),
        *,
        descending: bool = False,
        size: int = PAGE,
        budget: Budget | None = None,
    ) -> Iterator[list[bytes]]:
        """Yield pages of the ids that meet a clause and all of the tests.

        Ids within a span come in order of time, then of id. Ids of sets come in no order, some
        perhaps more than once.

        Args:
            lead: the clause whose index is read.
            tests: the other clauses; looked up while the next page is under way.
            descending: the latest first.
            size: ids of the first page of a span; later ones are larger.
            budget: about how many ids may be looked at; those looked at are subtracted.
        """
        if isinstance(lead, TimeClause):
            if lead.empty:
                return
            key, ends = self._layout.moment(lead.field), (lead.low, lead.high)
            source: Pages = ScorePages(self._connection, key, ends, descending, size)
        elif lead.field == "id":
            ids = [encode(value) for value in lead.values]
            for start in range(0, len(ids), PAGE):
                yield self.passing(ids[start : start + PAGE], tests)
            return
        else:
            source = SetPages(set_keys(self._layout, lead))
        yield from self._tested(source, ClauseTests(self._layout, tests), budget or Budget())

    def everything(self) -> Iterator[list[bytes]]:
        """Yield pages of all ids that are in a state or were recorded, some more than once."""
        states: Pages = SetPages(list(map(self._layout.state, RecordState)))
        recorded: Pages = RankPages(self._connection, self._layout.moment("recorded_at"))
        for source in (states, recorded):
            while not source.ended:
                yield self._page(source)

    def passing(self, ids: list[bytes], clauses: Sequence[Clause]) -> list[bytes]:
        """Return the ids that meet all clauses, in the given order."""
        return self._passing(ids, ClauseTests(self._layout, clauses))

    def scores(self, moment: str, ids: Sequence[bytes]) -> list[float | None]:
        """Return the time of each id in an index, in microseconds; None if it is not there."""
        if not ids:
            return []
        key = self._layout.moment(moment)
        return [
            None if score is None else float(score)
            for start in range(0, len(ids), PAGE)
            for score in self._connection.call("ZMSCORE", key, *ids[start : start + PAGE])
        ]

    def existing(self, ids: Sequence[bytes]) -> int:
        """Return how many of these ids have a record."""
        record = self._record
        pages = (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))
        asked: list[Command] = [("EXISTS", *(record + ident for ident in page)) for page in pages]
        return sum(self._connection.pipe(asked))

    def of_records(
        self, ids: Sequence[bytes], command: str, *words: str
    ) -> Iterator[list[Reply | WrongType]]:
        """Yield, page by page, the replies to a command on the record of each id.

        The next ones are under way meanwhile. The reply for a key of another type is the error.
        """
        record = self._record
        pages = (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))

        def follow(_: list[Reply] | None) -> list[Command]:
            return [(command, record + ident, *words) for ident in next(pages, ())]

        yield from self._connection.stream(follow, kept=WrongType)

    def _tested(self, source: Pages, tests: ClauseTests, budget: Budget) -> Iterator[list[bytes]]:
        """Yield tested pages; the tests of one are sent together with the command for the next."""
        if not tests.many or tests.many > _TESTS:
            while budget.lasts and not source.ended:
                page = self._page(source)
                budget.spend(len(page))
                yield self._passing(page, tests)
            return
        waiting: list[bytes] = []
        while (more := budget.lasts and not source.ended) or waiting:
            asked = tests.commands(waiting) if waiting else []
            replies = self._connection.pipe([*asked, source.command()] if more else asked)
            passing = tests.passing(waiting, replies[: len(asked)]) if waiting else []
            waiting = []
            if more:
                page = source.take(replies[-1])
                budget.spend(len(page))
                waiting = tests.named(page)
            if passing:
                yield passing

    def _page(self, source: Pages) -> list[bytes]:
        return source.take(self._connection.call(*source.command()))

    def _passing(self, ids: list[bytes], tests: ClauseTests) -> list[bytes]:
        ids = tests.named(ids)
        if not tests.many:
            return ids
        size = max(1, PAGE * _TESTS // max(tests.many, _TESTS))
        found: list[bytes] = []
        for start in range(0, len(ids), size):
            page = ids[start : start + size]
            found += tests.passing(page, self._connection.pipe(tests.commands(page)))
        return found

    def _size(self, clause: Clause) -> list[Command]:
        if isinstance(clause, TimeClause):
            key = self._layout.moment(clause.field)
            return [("ZCOUNT", key, _end(clause.low, b"-inf"), _end(clause.high, b"+inf"))]
        if clause.field == "id":
            return []
        return [("SCARD", key) for key in set_keys(self._layout, clause)]


def _end(micro: int | None, opened: bytes) -> bytes:
    return opened if micro is None else b"%d" % micro
