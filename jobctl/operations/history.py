"""The state of an operation: what its file, and Redis, know of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from jobctl.backend import Backend
from jobctl.errors import Refused
from jobctl.model.layout import Kind
from jobctl.model.operation import (
    ActingNote,
    Batch,
    BatchNote,
    ChosenNote,
    EndNote,
    Header,
    Lock,
    Note,
    Rising,
    UndoBatchNote,
    UndoNote,
    read_result,
)
from jobctl.model.queue import Author
from jobctl.model.report import Report
from jobctl.model.times import Instant, score_time
from jobctl.operations.file import OperationFile
from jobctl.operations.selection import Selection
from jobctl.operations.subject import Subject
from jobctl.operations.subjects import subject_of
from jobctl.redis.operations import MOST
from jobctl.redis.scripts import CLAIM, KEPT
from jobctl.systems.registry import support_of

_SAMPLE = 200  # jobs of a set, or records
_ENDS = 10  # jobs from either end of a removed queue; the middle of a long list is not searched
_LISTS = 20  # lists that these are looked for in

Scored = Sequence[tuple[bytes, float]]


def holds_same_data(backend: Backend, file: OperationFile, selection: Selection) -> bool:
    """Tell whether what an operation selected is in this Redis still, or again."""
    subject = subject_of(file, selection, backend.layout)
    kind = file.header.kind
    if kind is Kind.QUEUE:
        sample = [*_pairs(subject, range(len(selection))[:_ENDS])]
        sample += _pairs(subject, range(len(selection))[_ENDS:][-_ENDS:])
        found = _in_lists(backend, file, [raw for raw, _ in sample])
    else:
        sample = list(_pairs(subject, _spread(selection)))
        look = _in_records if kind is Kind.RECORDS else _in_sets
        found = look(backend, file, sample)
    return 0 < len(sample) <= 2 * found


def _spread(selection: Selection) -> Sequence[int]:
    step = max(1, len(selection) // _SAMPLE)
    return range(0, len(selection), step)[:_SAMPLE]


def _pairs(subject: Subject, places: Sequence[int]) -> Iterator[tuple[bytes, float]]:
    """Yield members with the scores they were selected with; without an id they tell nothing."""
    for place in places:
        ((raw, score),) = subject.scored(place, 1)
        if subject.name(raw) is not None:
            yield raw, score


def _in_sets(backend: Backend, file: OperationFile, sample: Scored) -> int:
    """Count what is in its set with its score, or where the operation puts it."""
    kind, target = file.header.kind, file.header.change.target(file.header.kind)
    members = [raw for raw, _ in sample]
    if not members:
        return 0
    scores = backend.operations.present(kind, members)
    moved = [None] * len(members) if target is None else backend.operations.present(target, members)
    return sum(
        there is not None or (score is not None and float(score) == was)
        for (_, was), score, there in zip(sample, scores, moved, strict=True)
    )


def _in_records(backend: Backend, file: OperationFile, sample: Scored) -> int:
    """Count the records that have every field as it was, the time of their recording among them."""
    from jobctl.model.record_snapshot import Snapshot  # only records need it

    snapshots = [Snapshot.read(raw) for raw, _ in sample]
    reader = backend.records_of(file.header.record_layout)
    hashes = reader.hashes(snapshot.id for snapshot in snapshots)
    return sum(
        bool(snapshot.text(b"recorded_at")) and snapshot.within(flat)
        for snapshot, (_, flat) in zip(snapshots, hashes, strict=True)
    )


def _in_lists(backend: Backend, file: OperationFile, members: Sequence[bytes]) -> int:
    """Count the jobs that are near an end of a list of the queues that were removed."""
    lists = ((queue.name, form) for queue in file.header.queues for form in queue.forms)
    keys = [backend.removing.key(name, form) for name, form in islice(lists, _LISTS)]
    return backend.removing.near_an_end(keys, members)


_DIGITS = 10  # at most, of the number of a batch

Told = Mapping[int, Lock | None]


@dataclass(frozen=True, slots=True)
class History:
    """What is known of an operation so far.

    Attributes:
        selected: what selecting ended with; None where it never ended.
        start: what was decided before the first batch; None before.
        batches: by number.
        results: what became of those that were applied, by number: as Redis has it.
        told: the same as the file has it: what the server answered at the time.
        end: the report it ended with.
        undo: what was noted when its undo began.
        undone: the report its undo ended with.
        undo_batches: what was noted of the undo's batches, where it noted any.
        undo_results: what became of them, as Redis has it.
        acknowledged: of a release, the jobs of each batch that the server may have been told of.
        claimant: who carries it out, where that is somebody else with a copy of the same plan.
        introduced: the jobs that a server was to learn of each new queue by: queue and JIDs.
    """

    selected: ChosenNote | None = None
    start: ActingNote | None = None
    batches: Mapping[int, Batch] = field(default_factory=dict)
    results: Mapping[int, str] = field(default_factory=dict)
    told: Mapping[int, str] = field(default_factory=dict)
    end: EndNote | None = None
    undo: UndoNote | None = None
    undone: EndNote | None = None
    undo_batches: Sequence[UndoBatchNote] = ()
    undo_results: Mapping[str, str] = field(default_factory=dict)
    acknowledged: Mapping[int, Told] = field(default_factory=dict)
    claimant: Author | None = None
    introduced: Mapping[str, Collection[str]] = field(default_factory=dict)

    def settles(self, total: int) -> bool:
        """Tell whether it is known of so many members what became of each."""
        return self.settled >= total

    @property
    def settled(self) -> int:
        """The members of which it is known what became of them."""
        return sum(self.batches[n].jobs for n in self.results if n in self.batches)

    @property
    def half_told(self) -> bool:
        """Whether a release was stopped between telling the server of jobs and pushing them."""
        return not self.acknowledged.keys() <= self.results.keys()

    @classmethod
    def noted(cls, file: OperationFile) -> History:
        """Read a file's own notes.

        Raises:
            FileProblem: they contradict each other, or make no sense.
        """
        notes = file.notes()
        told = {n["result"]: n["outcome"] for n in notes if "result" in n and "outcome" in n}
        batches = [read_batch(note["batch"]) for note in notes if "batch" in note]
        state = cls(
            selected=next((n["chosen"] for n in reversed(notes) if "chosen" in n), None),
            start=next((n["acting"] for n in reversed(notes) if "acting" in n), None),
            batches={batch.number: batch for batch in batches},
            results=told,
            told=told,
            end=next((n["end"] for n in reversed(notes) if "end" in n), None),
            undo=next((n["undo"] for n in reversed(notes) if "undo" in n), None),
            undone=next((n["undone"] for n in reversed(notes) if "undone" in n), None),
            undo_batches=[note["undo_batch"] for note in notes if "undo_batch" in note],
            introduced=_introduced(notes),
        )
        if state.selected is not None and state.selected.get("form") is not None:
            form, named = state.selected.get("form"), state.selected.get("named", ())
            file.header = replace(file.header, form=form, named=tuple(named))
        try:
            state = replace(state, acknowledged=_acknowledged(notes))
            state._check(file.header)
        except ValueError as error:
            raise file.damaged(error) from None
        return state

    def _check(self, header: Header) -> None:
        """Check what the types of the notes do not say.

        Raises:
            ValueError: it cannot be meant.
        """
        if self.selected is None and not (self.start is None and self.end is None):
            raise ValueError("what was chosen is not in it")
        if self.start is None and self.batches:
            raise ValueError("it has batches, and not when they began")
        to, named = header.change.to, header.named
        if to is not None and not support_of().layout.is_queue_name(to) and to not in named:
            raise ValueError(f"{to!r} is no name of a queue")
        given = header.change.gives_scores
        if given and self.start is not None and read_scores(self.start) is None:
            raise ValueError("it does not say the scores of its jobs")
        start = 0
        for number, batch in enumerate(sorted(self.batches.values(), key=lambda b: b.number), 1):
            moment = Instant.parse(batch.moment) if batch.moment is not None else None
            if (batch.number, batch.start) != (number, start) or not 1 <= batch.jobs <= MOST:
                raise ValueError(f"batch {batch.number} does not follow the one before")
            if (given and batch.scores is None) or (header.change.to_queues and moment is None):
                raise ValueError(f"batch {number} is not complete")
            start += batch.jobs
        total = start
        if header.change.verb.row.on_queues and self.selected is not None:
            total = sum(segment.jobs for segment in self.selected.get("segments", ()))
        self._check_numbers(total)

    def _check_numbers(self, total: int) -> None:
        """Check that what is said of batches is said of batches there are, and of their jobs."""
        for number, text in self.told.items():
            jobs = sum(count for _, count in read_result(text)[0])
            if number not in self.batches or jobs > self.batches[number].jobs:
                raise ValueError(f"the result of batch {number} is of other jobs")
        for number, places in self.acknowledged.items():
            batch = self.batches.get(number)
            if batch is None or not places.keys() <= set(
                range(batch.start, batch.start + batch.jobs)
            ):
                raise ValueError(f"what is said of batch {number} is of other jobs")
        for note in self.undo_batches:
            digits = note["number"].removeprefix("u")
            if not (digits.isascii() and digits.isdigit() and len(digits) < _DIGITS):
                raise ValueError("a batch of its undo has no number")
            if not all(place < total for place in note["places"]):
                raise ValueError("a batch of its undo is of other jobs")

    @classmethod
    def read(
        cls, backend: Backend, file: OperationFile, *, server_changed: bool = False
    ) -> History:
        """Read a file's notes, and the results that Redis keeps.

        Redis' results are what counts: a server that lost its last second lost the changes and
        the results alike. Only where they are old enough to be forgotten, the file's do.

        Args:
            backend: what it works on.
            file: the operation's.
            server_changed: whether to go on where this Redis may hold other data than the one that
                the operation was begun on.

        Raises:
            Refused: the file is of another server, or the jobs there are not Faktory's.
            FileProblem: it is damaged.
        """
        state = cls.noted(file)
        if file.header.kind is not Kind.RECORDS:
            backend.check_system()
        if not server_changed:
            check_server(backend, file, state)
        kept = backend.operations.results(file.header.operation)
        claimant = other_claimant(kept.pop(CLAIM, ""), state.start)
        if claimant is not None:
            # A file with results of its own was first, so long ago that Redis has forgotten it.
            return state if state.told else replace(state, results={}, claimant=claimant)
        if not kept and _forgotten(backend, file):
            return state
        results = {int(number): text for number, text in kept.items() if number.isdigit()}
        if results and state.start is None:  # an earlier version of jobctl claimed nothing
            raise Refused(
                f"operation {file.header.operation} was begun, and not with the file {file.path}",
                hint="go on where it was begun; or make a new plan",
            )
        return replace(
            state,
            results=results,
            undo_results={number: text for number, text in kept.items() if not number.isdigit()},
        )

    def selection(self, file: OperationFile) -> Selection:
        """Return the members of the operation, in the order they are acted on.

        Raises:
            FileProblem: they are not all there.
        """
        selection = file.again()
        selection.settle(file.read)
        if self.selected is None:
            return selection
        matched, there = self.selected["matched"], len(selection)
        selection.cut(self.selected.get("limit"))
        jobs = sum(batch.jobs for batch in self.batches.values())
        if there != matched or jobs > len(selection):
            raise file.damaged(f"{matched:,} were chosen, and {there:,} are in it")
        if file.header.change.front:
            selection.backwards()
        return selection

    def report(self, file: OperationFile, action: str) -> Report:
        """Return a report that begins with the counts of what was selected."""
        choice: ChosenNote = self.selected or {"matched": 0}
        return Report(
            action=action,
            target=file.header.kind.value,
            server=file.header.server,
            matched=choice["matched"],
            skipped=choice.get("skipped", 0),
            missing=tuple(choice.get("missing", ())),
            unmatched=tuple(choice.get("unmatched", ())),
            operation=file.header.operation,
            reason=file.header.reason,
        )


def claim_token(acting: ActingNote) -> str:
    """Return what tells an operation's file from every other with the same id.

    Files of earlier versions noted only when they began, by the clock of Redis.
    """
    return acting.get("claim") or repr(acting["at"])


def other_claimant(text: str, acting: ActingNote | None) -> Author | None:
    """Return who else claimed an operation in Redis, with another copy of its file."""
    token, _, author = text.partition(" ")
    if acting is not None and token == claim_token(acting):
        return None
    return Author.decode(author.encode())


def claimed_by(claimant: Author, header: Header) -> str:
    """Say who carries an operation out, from another home."""
    when = score_time(claimant.at)
    return (
        f"operation {header.operation} was begun by {claimant} at {when}, with another copy of "
        "the plan"
    )


def check_server(backend: Backend, file: OperationFile, state: History) -> None:
    """Check that a file is of this very database.

    ``jobctl:server`` says so. A server that lost its last second may have lost that key; at the
    same address what the operation left there tells, or what it took is where it was.

    Raises:
        Refused: it is not, or nothing tells.
    """
    header = file.header
    identity = (None if state.start is None else state.start["identity"]) or header.identity
    if identity is not None and backend.operations.identity() == identity:
        return
    if str(backend.target) != header.server:
        raise Refused(
            f"operation {header.operation} is of {header.server}, this is {backend.target}",
            hint="give the right one with --url; nothing was changed",
        )
    if identity is None or backend.operations.begun(header.operation):
        return
    if not holds_same_data(backend, file, state.selection(file)):
        raise Refused(
            f"nothing shows that {backend.target} still holds the data of operation "
            f"{header.operation}: its jobctl:server is another or gone, and so are the operation's "
            f"{header.kind.thing}s; nothing was changed",
            hint="--server-changed goes on all the same: where it is other data, jobs of the old "
            "one get into it",
        )


def _forgotten(backend: Backend, file: OperationFile) -> bool:
    return backend.server.now() - file.header.started_at > KEPT


def _acknowledged(notes: Sequence[Note]) -> dict[int, Told]:
    """Return the places of each batch that were noted before they were acknowledged.

    Each with the unique lock that its job had. Where a place was noted twice, its lock may have
    been freed by the first time.
    """
    found: dict[int, dict[int, Lock | None]] = {}
    for note in notes:
        if "acknowledging" in note and "places" in note:
            told = found.setdefault(note["acknowledging"], {})
            locks = note.get("locks", {})
            for place in note["places"]:
                lock = locks.get(str(place))
                told[place] = told.get(place) if lock is None else Lock.read(lock)
    return dict(found)


def _introduced(notes: Sequence[Note]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for note in notes:
        if "introducing" in note:
            found.setdefault(note["introducing"]["queue"], set()).add(note["introducing"]["jid"])
    return found


def batch_note(batch: Batch) -> BatchNote:
    """Return a batch as it is noted before it is sent."""
    note: BatchNote = {"number": batch.number, "start": batch.start, "jobs": batch.jobs}
    if batch.scores is not None:
        note |= {"first": batch.scores.first, "step": batch.scores.step}
    if batch.moment is not None:
        note["enqueued_at"] = batch.moment
    return note


def read_batch(note: BatchNote) -> Batch:
    """Read what was noted of a batch."""
    return Batch(
        note["number"], note["start"], note["jobs"], read_scores(note), note.get("enqueued_at")
    )


def read_scores(note: BatchNote | ActingNote) -> Rising | None:
    """Read the scores that were noted; None where there are none."""
    if "first" in note and "step" in note:
        return Rising(note["first"], note["step"])
    return None
