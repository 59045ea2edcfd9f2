"""Selecting jobs: what matches goes into the operation's file while the set is scanned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from jobctl.filter.where import Where
from jobctl.model.entry import real_class
from jobctl.model.jsontext import dig, glance, text_of
from jobctl.model.layout import Kind, Layout
from jobctl.model.readings import Ambiguity
from jobctl.operations.file import OperationFile
from jobctl.operations.selection import Selection
from jobctl.operations.subject import Found, shortened
from jobctl.operations.watch import Watch
from jobctl.redis.sets import SortedSet

_LARGE = 4 * 1024 * 1024  # bytes of a reply
_OTHERS = ("(others)", "", "")
_MALFORMED = ("(malformed)", "", "")


class Scan:
    """One pass over a set."""

    def __init__(
        self,
        source: SortedSet,
        where: Where,
        file: OperationFile,
        selection: Selection,
        now: float,
    ) -> None:
        self.found = Found(selection)
        self._source = source
        self._where = where
        self._seen: set[str] = set()
        self._ambiguity = Ambiguity(where.twofold)
        self._keep = where.keeper(source.kind, now, source.layout)
        self._decoded = where.decodes
        self._jids = where.jids
        self._now = now
        self._layout = source.layout
        self._kinds = Kinds(source.layout, source.kind)
        self._entry = source.entry
        self._file = file

    def run(self, watch: Watch, *, histogram: bool) -> Found:
        """Write what matches into the file, and return it; `histogram`: count what there is."""
        total = self._source.count()
        looked = 0
        watch.choosing(0, total, 0)
        for flat, examined in self._source.members(self._where.pattern()):
            for members, scores in _portions(flat):
                self._take(members, scores, histogram=histogram)
            del flat, members, scores
            looked += examined
            watch.choosing(min(looked, total), total, len(self.found.selection))
        found = self.found
        found.selection.settle(self._file.read)
        found.matched = len(found.selection)
        self._ambiguity.check()
        asked = self._where.jids
        if asked is not None:
            found.missing = tuple(sorted(asked.missing(self._seen)))
        if found.missing and len(self._where.tests) > 1:
            there = {entry.jid for entry in self._source.find(found.missing)}
            found.unmatched = tuple(jid for jid in found.missing if jid in there)
        return found

    def _take(self, members: list[bytes], scores: list[bytes], *, histogram: bool) -> None:
        """Keep what matches of one reply; `histogram`: count its types, queues and errors."""
        keep = self._keep
        if self._ambiguity:
            for raw, score in zip(members, scores, strict=True):
                self._ambiguity.see(self._entry(raw, float(score)), self._now)
        kept = [
            (raw, score, decoded)
            for raw, score in zip(members, scores, strict=True)
            if (decoded := keep(raw, score))
        ]
        members = [raw for raw, _, _ in kept]
        if histogram:
            self._kinds.count(members, [decoded for _, _, decoded in kept])
            self.found.histogram = self._kinds.counts
        scores = [score for _, score, _ in kept]
        del kept
        self._file.choose(members, scores, decoded=self._decoded, selection=self.found.selection)
        if self._jids is not None:
            jids = (self._entry(raw, 0.0).jid for raw in members)
            self._seen.update(jid for jid in jids if jid is not None)


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


def _portions(flat: list[bytes]) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Yield the members and scores of a reply; large ones one by one, and each is let go of."""
    if sum(map(len, flat)) <= _LARGE:
        yield flat[::2], flat[1::2]
        return
    while flat:
        score = [flat.pop()]
        yield [flat.pop()], score
