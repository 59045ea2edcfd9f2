"""Reservations: a server that holds them is told by an ACK, then Redis pushes the jobs.

Between the two a job is in no structure: it is in the operation's file, as one that the server was
about to be told of. A resume looks for it everywhere before it is pushed after all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from jobctl.backend import Backend
from jobctl.errors import JobctlError, Refused, Unreachable
from jobctl.jobs.locate import status
from jobctl.model.entry import Job
from jobctl.model.jsontext import dig, glance
from jobctl.model.layout import Layout, QueueForm
from jobctl.model.operation import Batch, Header, Lock, Note, Outcome
from jobctl.model.words import listed, things
from jobctl.operations.file import OperationFile
from jobctl.operations.history import Told
from jobctl.operations.subject import Prepared, Subject
from jobctl.redis.operations import Call, Push
from jobctl.systems.faktory.server import Faktory

_NAMED = 3  # batches, or jobs, in a sentence
NO_JID = "it has no JID that the server could know it by"
NOT_HELD = "the server did not let go of it: it does not hold it (written behind its back)"
NOT_TOLD = "the server was not told of it, and is not known now: release it again"
_RESERVED, _LIMBO = "r", "l"  # not settled yet: in working; acknowledged, perhaps


def check_way(backend: Backend, header: Header | None = None, *, rehearsed: bool) -> list[str]:
    """Check that reservations can be released: by their server, or because none runs.

    Args:
        backend: what it works on.
        header: of the operation that goes on; it may name another server.
        rehearsed: nothing is to be changed, so that nothing may be written for a proof either.

    Returns:
        What there is to warn of.

    Raises:
        Refused: a server may hold them that is not known, or is not the one it was; or the one
            that is known uses another Redis.
        Unreachable: the server that is known does not answer.
    """
    was = None if header is None else header.faktory
    if backend.faktory is not None:
        given = str(backend.faktory.address)
        if was not in (None, given):
            raise Refused(f"this release was begun with {was}, this is {given}", hint=_give(was))
        if rehearsed:
            return backend.system.compare_counters()
        backend.system.verify_server()
        return []
    running = backend.system.server_runs()
    if running is None:
        raise Refused(
            f"whether a Faktory server runs on {backend.target} cannot be told: CONFIG is denied",
            hint=f"{_give(was)}; or let this user run CONFIG GET, to see that none runs",
        )
    if running:
        raise unknown_server(backend, was)
    return []


def check_batches(backend: Backend, header: Header, subject: Subject, total: int) -> None:
    """Check that no job of a release is in a batch, unless that was said to be fine.

    Raises:
        Refused: some are, and a server is known that would count them as done.
    """
    if backend.faktory is None or header.change.break_batch:
        return
    batches = list(_batches(subject, total, backend.layout))
    if not batches:
        return
    jobs = "job is" if total == 1 else "jobs are"
    names = listed(list(dict.fromkeys(batches)), _NAMED)
    some = "the" if total == 1 else f"{len(batches):,} of the {total:,}"
    fields = " and ".join(f"{'.'.join(path)}=null" for path in backend.layout.batch)
    raise Refused(
        f"{some} {jobs} in a batch ({names}): an ACK counts them as done, and may start the "
        "batch's callbacks; nothing was changed",
        hint=f"leave them out: -w '{fields}'; or accept it: --break-batch",
    )


def _batches(subject: Subject, total: int, layout: Layout) -> Iterator[str]:
    """Yield the batch of each job that is in one."""
    start = 0
    while start < total:
        jobs = subject.size(start, subject.most)
        for raw, _ in subject.scored(start, jobs):
            job = dig(glance(raw), layout.reserved_job)
            found = (dig(job, path) for path in layout.batch)
            batch = next((value for value in found if isinstance(value, str) and value), None)
            if batch is not None:
                yield batch
        start += jobs


def _give(was: str | None) -> str:
    return f"give the server: --faktory-url {was or 'tcp://[:password@]host[:7419]'}"


def unknown_server(backend: Backend, was: str | None) -> Refused:
    """Return the error for reservations that a server holds which is not known."""
    return Refused(
        f"a Faktory server runs on {backend.target} and still holds these reservations: released "
        "behind its back, a job would be lost",
        hint=_give(was),
    )


@dataclass(slots=True)
class _Fates:
    """What becomes of each job of a batch, in its order: letters of Outcome, and what is open."""

    ready: Prepared
    letters: list[str]
    reasons: dict[str, None] = field(default_factory=dict)
    locks: dict[int, Lock] = field(default_factory=dict)  # by the index of their jobs

    def those(self, letter: str) -> list[int]:
        """Return the indexes of the jobs with a letter."""
        return [i for i, found in enumerate(self.letters) if found == letter]

    def fail(self, index: int, reason: str) -> None:
        """Leave a job where it is."""
        self.letters[index] = Outcome.FAILED
        self.reasons[reason] = None

    def members(self, indexes: Sequence[int]) -> list[bytes]:
        """Return the reservations of these jobs."""
        return [self.ready.members[i] for i in indexes]

    def result(self) -> str:
        """Return the result as scripts write it."""
        runs = [(letter, len(list(run))) for letter, run in groupby(self.letters)]
        return " ".join(["".join(f"{a}{n}" for a, n in runs), "; ".join(self.reasons)]).strip()


class Release:
    """One release of reservations: by its server batch by batch, else as any other verb."""

    def __init__(
        self, backend: Backend, file: OperationFile, acknowledged: Mapping[int, Told]
    ) -> None:
        self._backend = backend
        self._file = file
        self._header = file.header
        self._faktory: Faktory | None = backend.faktory
        self._acknowledged = acknowledged
        self._locks = UniqueLocks(backend)

    def check(self, done: int = 0) -> None:
        """Check that what is left can be released; `done`: how many were, by now.

        Raises:
            Refused: the server is not known that holds it.
        """
        try:
            check_way(self._backend, self._header, rehearsed=False)
        except Refused as error:
            if done:
                error.message += "; what it had forgotten before is back in its queue"
            raise

    def by_redis(self, batch: Batch) -> bool:
        """Tell whether a batch needs no server: none is known, and none was told of it."""
        return self._faktory is None and batch.number not in self._acknowledged

    def apply(self, ready: Prepared) -> bytes | JobctlError:
        """Release a batch, and return its result; a refusal as the error."""
        fates = self._look(ready)
        self._acknowledge(fates)
        self._search(fates)
        # A job that stays may have lost its lock all the same.
        kept = (i for i in fates.locks if fates.letters[i] != Outcome.GONE)
        self._locks.put_back(fates.locks[i] for i in kept)
        return self._push(fates)

    def notes(self) -> list[str]:
        """Return what there is to say of unique locks."""
        return self._locks.notes()

    def problems(self) -> list[str]:
        """Return why unique locks could not be put back."""
        return self._locks.problems()

    def _look(self, ready: Prepared) -> _Fates:
        """Tell which are reserved, which gone, and which may have been acknowledged before."""
        told = self._acknowledged.get(ready.batch.number, {})
        found = self._backend.operations.present(self._header.kind, ready.members)
        absent = [_LIMBO if place in told else Outcome.GONE.value for place in ready.order]
        letters = [
            absent[i] if score is None else _RESERVED for i, score in enumerate(found)
        ]  # fmt: skip
        known = {i: told.get(place) for i, place in enumerate(ready.order)}
        locks = {i: lock for i, lock in known.items() if lock is not None}
        return _Fates(ready, letters, locks=locks)

    def _acknowledge(self, fates: _Fates) -> None:
        """Have the server forget what is reserved; what does not leave working stays there."""
        reserved = fates.those(_RESERVED)
        if not reserved:
            return
        if self._faktory is None:
            self._leave(fates, reserved)
            return
        jids = self._named(fates, reserved)
        self._probe(fates)
        self._read_locks(fates)
        asked = fates.those(_RESERVED)
        if not asked:
            return
        self._note_asked(fates, asked)
        errors = self._tell(self._faktory, [jids[i] for i in asked])
        there = self._still_there(fates, asked)
        ended = {jids[i] for i in asked if i not in there}  # the other one of two is nobody's
        kept = [i for i in sorted(there) if errors[jids[i]] is None and jids[i] not in ended]
        for wid, indexes in _by_worker(fates, kept, self._backend.layout).items():
            with self._faktory.as_worker(wid) as worker:
                errors |= self._tell(worker, [jids[i] for i in indexes])
        there = self._still_there(fates, asked)
        for i in asked:
            error = errors[jids[i]]
            if i in there:
                fates.fail(i, NOT_HELD if error is None else error.message)
            else:
                fates.letters[i] = Outcome.DONE if error is None else _LIMBO

    def _read_locks(self, fates: _Fates) -> None:
        """Keep the unique locks that an ACK frees; a job whose lock cannot be read stays."""
        jobs = {i: fates.ready.pushed[i] for i in fates.those(_RESERVED)}
        for i, lock in self._locks.read(jobs).items():
            if isinstance(lock, Lock):
                fates.locks[i] = lock
            else:
                fates.fail(i, lock.message)

    def _note_asked(self, fates: _Fates, asked: Sequence[int]) -> None:
        """Note which jobs the server is told of: from then on one may be nowhere else."""
        places = [fates.ready.order[i] for i in asked]
        note: Note = {"acknowledging": fates.ready.batch.number, "places": places}
        if fates.locks:
            note["locks"] = {
                str(fates.ready.order[i]): fates.locks[i].document()
                for i in asked
                if i in fates.locks
            }
        self._file.note(note)
        self._file.flush()

    def _still_there(self, fates: _Fates, indexes: Sequence[int]) -> set[int]:
        """Return those of these jobs whose reservation is in working."""
        found = self._backend.operations.present(self._header.kind, fates.members(indexes))
        return {i for i, score in zip(indexes, found, strict=True) if score is not None}

    def _tell(self, faktory: Faktory, jids: Sequence[str]) -> dict[str, JobctlError | None]:
        """Acknowledge jobs, each JID once; return the errors that the server answered."""
        distinct = list(dict.fromkeys(jids))
        try:
            return dict(zip(distinct, faktory.acknowledge(distinct), strict=True))
        except Unreachable as error:
            error.hint = f"nothing is lost; go on with: jobctl resume {self._header.operation}"
            raise

    def _named(self, fates: _Fates, indexes: Sequence[int]) -> dict[int, str]:
        """Return the JIDs; a job without one stays where it is."""
        found: dict[int, str] = {}
        for i in indexes:
            jid = _jid(self._backend, fates.ready.pushed[i])
            if jid is None:
                fates.fail(i, NO_JID)
            else:
                found[i] = jid
        return found

    def _probe(self, fates: _Fates) -> None:
        """Leave those where they are whose queue would not take them."""
        reserved = fates.those(_RESERVED)
        queues = list(dict.fromkeys(fates.ready.queues[i] for i in reserved))
        command = self._call(fates.ready.batch).probe(self._header.kind, queues, self._form)
        answers = self._backend.operations.one(command)
        if isinstance(answers, JobctlError):
            raise answers
        refused = {
            queue: answer.decode("utf-8", "replace")
            for queue, answer in zip(queues, answers, strict=True)
            if answer
        }
        for i in reserved:
            if fates.ready.queues[i] in refused:
                fates.fail(i, refused[fates.ready.queues[i]])

    def _leave(self, fates: _Fates, reserved: Sequence[int]) -> None:
        """Leave what nobody can acknowledge; a server that runs may yet hear what it was told."""
        if self._backend.system.server_runs() is not False:
            raise unknown_server(self._backend, self._header.faktory)
        for i in reserved:
            fates.fail(i, NOT_TOLD)

    def _search(self, fates: _Fates) -> None:
        """Look everywhere for what may have been acknowledged: found, it is somebody else's."""
        limbo = fates.those(_LIMBO)
        if not limbo:
            return
        jids = {i: _jid(self._backend, fates.ready.pushed[i]) or "" for i in limbo}
        found = {s.jid for s in status(self._backend, list(set(jids.values()))) if s.found}
        for i, jid in jids.items():
            fates.letters[i] = Outcome.GONE if jid in found else Outcome.DONE

    def _push(self, fates: _Fates) -> bytes | JobctlError:
        ready = fates.ready
        groups: dict[str, list[bytes]] = {}
        for i in fates.those(Outcome.DONE):
            groups.setdefault(ready.queues[i], []).append(ready.pushed[i])
        pushes = [Push(queue, (), pushed) for queue, pushed in groups.items()]
        call = self._call(ready.batch)
        reply: bytes | JobctlError = self._backend.operations.one(
            call.push(self._header.kind, pushes, self._form, fates.result())
        )
        if isinstance(reply, JobctlError) and pushes:
            reply.message += "; they are in the operation's file alone, and resume pushes them"
        return reply

    def _call(self, batch: Batch) -> Call:
        return Call(self._backend.layout, self._header.operation, str(batch.number))

    @property
    def _form(self) -> QueueForm:
        return self._header.form or QueueForm.Q


def _by_worker(fates: _Fates, indexes: Sequence[int], layout: Layout) -> dict[str, list[int]]:
    """Return jobs by the worker that holds them: newer servers let nobody else end them."""
    groups: dict[str, list[int]] = {}
    for i, raw in zip(indexes, fates.members(indexes), strict=True):
        wid = dig(glance(raw), layout.reservation["wid"])
        if isinstance(wid, str) and wid:
            groups.setdefault(wid, []).append(i)
    return groups


def _jid(backend: Backend, raw: bytes) -> str | None:
    found = Job.decode(raw, backend.layout).get("jid")
    return found if isinstance(found, str) and found else None


class UniqueLocks:
    """The locks of one release; they are put back before the jobs are in their queues."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._taken: list[str] = []
        self._refused: Counter[str] = Counter()

    def read(self, jobs: Mapping[int, bytes]) -> dict[int, Lock | JobctlError]:
        """Return the locks of those jobs that have one, or why it cannot be read."""
        keys = {i: self._backend.system.lock_key(raw) for i, raw in jobs.items()}
        unique = {i: key for i, key in keys.items() if key is not None}
        if not unique:
            return {}
        found = self._backend.operations.locks(list(unique.values()), self._backend.server.now())
        return {i: lock for i, lock in zip(unique, found, strict=True) if lock is not None}

    def put_back(self, locks: Iterable[Lock]) -> None:
        """Put locks back that are gone, with what time they had left."""
        now = self._backend.server.now()
        lasting = [
            lock for lock in locks if lock.expires_at is None or lock.expires_at - now > 0.001
        ]
        holders = self._backend.operations.lock_again(lasting, now)
        for lock, holder in zip(lasting, holders, strict=True):
            if isinstance(holder, JobctlError):
                self._refused[holder.message] += 1
            elif holder != lock.value:
                by = "" if holder is None else f" (by {holder.decode('utf-8', 'replace')})"
                self._taken.append(f"{lock.value.decode('utf-8', 'replace')}{by}")

    def notes(self) -> list[str]:
        """Return which locks were taken by others meanwhile, as a sentence."""
        if not self._taken:
            return []
        return [
            "another job took the unique lock meanwhile, so that both may run, of: "
            f"{listed(self._taken, _NAMED)}"
        ]

    def problems(self) -> list[str]:
        """Return why locks could not be put back, a sentence each."""
        return [
            f"{count:,} unique {things(count, 'lock')} could not be put back: {why}"
            for why, count in self._refused.items()
        ]
