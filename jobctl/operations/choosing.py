"""Choosing: what matches goes into the operation's file while the set is scanned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from jobctl.filter.where import Where
from jobctl.model.entry import real_class
from jobctl.model.jsontext import dig, glance, text_of
from jobctl.model.layout import Kind, Layout
from jobctl.model.readings import Ambiguity
from jobctl.operations.chosen import Chosen
from jobctl.operations.file import OperationFile
from jobctl.operations.watch import Watch
from jobctl.redis.sets import SortedSet

_LARGE = 4 * 1024 * 1024  # bytes of a reply
_KINDS = 10_000  # lines of a histogram; what comes after them is counted together
_OTHERS = ("(others)", "", "")
_MALFORMED = ("(malformed)", "", "")


@dataclass(slots=True)
class Choice:
    """What was chosen.

    Attributes:
        chosen: the members, in the order they are acted on.
        matched: how many there were before the limit.
        skipped: how many the limit left out.
        missing: JIDs asked for that matched nothing.
        unmatched: those of them that are there, and not what the rest of the filter asks for.
        histogram: how many of each type, queue and error (of records: state and job name); only
            where it was asked for.
        notes: what else was met, a sentence each.
    """

    chosen: Chosen
    matched: int = 0
    skipped: int = 0
    missing: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    histogram: Counter[tuple[str, ...]] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()


def choose(
    source: SortedSet,
    where: Where,
    file: OperationFile,
    now: float,
    watch: Watch,
    *,
    histogram: bool,
) -> Choice:
    """Write what matches into the file, and return it in order of score.

    Raises:
        Refused: a value of the filter reads in two ways, and there is something of both.
        FileProblem: the disk is full. Nothing has been changed by then.
    """
    scan = _Scan(source, where, file, now)
    total = source.count()
    looked = 0
    watch.choosing(0, total, 0)
    for flat, examined in source.members(where.pattern()):
        for members, scores in _portions(flat):
            scan.take(members, scores, describe=histogram)
        del flat, members, scores
        looked += examined
        watch.choosing(min(looked, total), total, len(scan.choice.chosen))
    choice = scan.choice
    choice.chosen.settle(file.read)
    choice.matched = len(choice.chosen)
    scan.ambiguity.check()
    asked = where.jids
    if asked is not None:
        choice.missing = tuple(sorted(asked.missing(scan.seen)))
    if choice.missing and len(where.tests) > 1:
        there = {entry.jid for entry in source.find(choice.missing)}
        choice.unmatched = tuple(jid for jid in choice.missing if jid in there)
    return choice


def _portions(flat: list[bytes]) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Yield the members and scores of a reply; large ones one by one, and each is let go of."""
    if sum(map(len, flat)) <= _LARGE:
        yield flat[::2], flat[1::2]
        return
    while flat:
        score = [flat.pop()]
        yield [flat.pop()], score


class _Scan:
    """One pass over the set."""

    def __init__(self, source: SortedSet, where: Where, file: OperationFile, now: float) -> None:
        self.choice = Choice(Chosen())
        self.seen: set[str] = set()
        self.ambiguity = Ambiguity(where.twofold)
        self._keep = where.keeper(source.kind, now, source.layout)
        self._decoded = where.decodes
        self._jids = where.jids
        self._now = now
        self._layout = source.layout
        self._kinds = Kinds(source.layout, source.kind)
        self._entry = source.entry
        self._file = file

    def take(self, members: list[bytes], scores: list[bytes], *, describe: bool) -> None:
        """Keep what matches of one reply; `describe`: count its types, queues and errors."""
        keep = self._keep
        if self.ambiguity:
            for raw, score in zip(members, scores, strict=True):
                self.ambiguity.see(self._entry(raw, float(score)), self._now)
        kept = [
            (raw, score, found)
            for raw, score in zip(members, scores, strict=True)
            if (found := keep(raw, score))
        ]
        members = [raw for raw, _, _ in kept]
        if describe:
            self._kinds.count(members, [found for _, _, found in kept])
            self.choice.histogram = self._kinds.counts
        scores = [score for _, score, _ in kept]
        del kept
        self._file.choose(members, scores, decoded=self._decoded, chosen=self.choice.chosen)
        if self._jids is not None:
            jids = (self._entry(raw, 0.0).jid for raw in members)
            self.seen.update(jid for jid in jids if jid is not None)


class Kinds:
    """How many jobs there are of each type, queue and error."""

    def __init__(self, layout: Layout, kind: Kind) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self._layout = layout
        self._kind = kind

    def count(self, members: Sequence[bytes], found: Sequence[object] = ()) -> None:
        """Count members; `found`: what they were decoded to, where they were."""
        self.counts.update(
            _described(payload if isinstance(payload, dict) else self._glance(raw), self._layout)
            for raw, payload in zip_longest(members, found)
        )
        self.counts = shortened(self.counts, _OTHERS)

    def histogram(self) -> dict[tuple[str, ...], int]:
        """Return the counts, the most frequent first."""
        return dict(sorted(self.counts.items(), key=lambda item: (-item[1], item[0])))

    def _glance(self, raw: bytes) -> dict[str, object] | None:
        payload = glance(raw)
        if self._kind is not Kind.WORKING:
            return payload
        inner = dig(payload, self._layout.reserved_job)
        return inner if isinstance(inner, dict) else None


def shortened(
    counts: Counter[tuple[str, ...]], others: tuple[str, ...]
) -> Counter[tuple[str, ...]]:
    """Return counts; of too many lines the most frequent ones, the rest under one name."""
    if len(counts) <= 2 * _KINDS:
        return counts
    kinds = Counter(dict(counts.most_common(_KINDS)))
    kinds[others] += counts.total() - kinds.total()
    return kinds


def _described(payload: dict[str, object] | None, layout: Layout) -> tuple[str, str, str]:
    """Return a job's class, queue and error; empty where it has none."""
    if payload is None:
        return _MALFORMED
    fields = layout.fields
    return (
        _word(real_class(payload, layout)),
        _word(dig(payload, fields["queue"])),
        _word(dig(payload, fields["errtype"])),
    )


def _word(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, dict | list) else text_of(value)
