"""Find the records of jobs by the jobs' ids: two commands a job, more only if it has records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, NoPermission, WrongType
from jobctl.model.job_records import IndexedRecord, JobRecords, job_records
from jobctl.model.jobba import RecordLayout, RecordState, decode, encode
from jobctl.model.record import Record
from jobctl.redis.scripts import Chunk, Command, Reply

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection

MOST = 1000  # records of one job that are read
_JOBS, _RECORDS = 500, 100  # that one pipe asks for
_MEMBERS = 500  # that one SSCAN looks at


@dataclass(slots=True)
class _Found:
    """What was found for one job so far; `ident` is its id as keys of records have it."""

    ident: str
    idents: set[str] = field(default_factory=set)
    unread: set[bytes] = field(default_factory=set)
    refused: str | None = None
    more: bool = False

    def refuse(self, reply: Reply, key: bytes) -> bool:
        """Return whether a reply is a refusal, and note it.

        A key of another type, or one that this user may not see, must not hide the others. Other
        refusals are raised.
        """
        if isinstance(reply, WrongType):
            self.unread.add(key)
        elif isinstance(reply, NoPermission):
            self.refused = reply.message
        elif isinstance(reply, JobctlError):
            raise reply
        return isinstance(reply, JobctlError)


@dataclass(slots=True)
class _Read:
    """A record as it was read, and the keys that could not be read."""

    kept: IndexedRecord | None
    unread: set[bytes]
    refused: str | None


class RecordsByJid:
    """Read the records of jobs, and how they are kept. Keys of another type stop nothing."""

    def __init__(self, connection: Connection, layout: RecordLayout) -> None:
        self._connection = connection
        self._layout = layout

    def of(self, jids: Iterable[str]) -> dict[str, JobRecords]:
        """Return the records of each of these jobs; jobs without any are left out.

        A job's records are those whose id or provider_job_id its id is.
        """
        found: dict[str, _Found] = {}
        upcoming = iter(jids)
        chunk = Chunk(_JOBS)
        while asked := list(islice(upcoming, chunk.size)):
            replies = self._connection.attempt(
                command for jid in asked for command in self._first(_ident(jid))
            )
            chunk.learn(len(asked), _size(replies))
            for jid, flat, scanned in zip(asked, replies[::2], replies[1::2], strict=True):
                if flat or scanned != [b"0", []]:
                    found[jid] = self._found(_ident(jid), flat, scanned)
        return self._joined(found) if found else {}

    def _first(self, ident: str) -> tuple[Command, Command]:
        index = self._layout.provider_job_id(ident)
        return ("HGETALL", self._layout.record(ident)), ("SSCAN", index, 0, "COUNT", _MEMBERS)

    def _found(self, ident: str, flat: Reply, scanned: Reply) -> _Found:
        """Return the records of a job: that of its id, and those in the index of its id."""
        found = _Found(ident)
        index = self._layout.provider_job_id(ident)
        if not found.refuse(scanned, index):
            cursor, members = scanned
            found.idents.update(map(decode, members))
            while cursor != b"0" and len(found.idents) < MOST:
                cursor, members = self._connection.call("SSCAN", index, cursor, "COUNT", _MEMBERS)
                found.idents.update(map(decode, members))
            found.more = cursor != b"0"
        if not found.refuse(flat, self._layout.record(ident)) and flat:
            found.idents.add(ident)
        return found

    def _joined(self, found: Mapping[str, _Found]) -> dict[str, JobRecords]:
        idents = list(dict.fromkeys(i for each in found.values() for i in sorted(each.idents)))
        read = dict(zip(idents, self._read(idents), strict=True))
        for each in found.values():
            for ident in each.idents:
                each.unread |= read[ident].unread
                each.refused = each.refused or read[ident].refused
        kinds = self._kinds(sorted({key for each in found.values() for key in each.unread}))
        return {
            jid: job_records(
                each.ident,
                {ident: read[ident].kept for ident in sorted(each.idents)},
                more=each.more,
                unread={decode(key): kinds[key] for key in sorted(each.unread)},
                refused=each.refused,
            )
            for jid, each in found.items()
        }

    def _read(self, idents: list[str]) -> Iterator[_Read]:
        """Yield each record as it is kept.

        Its hash and its sets are read in one MULTI, so that a change meanwhile looks consistent.
        """
        upcoming = iter(idents)
        chunk = Chunk(_RECORDS)
        while asked := list(islice(upcoming, chunk.size)):
            wholes = [self._whole(ident) for ident in asked]
            replies = self._connection.attempt(c for whole in wholes for c in whole)
            width = len(wholes[0])
            chunk.learn(len(asked), _size(replies))
            for i, ident in enumerate(asked):
                yield self._kept(ident, replies[i * width : (i + 1) * width])

    def _whole(self, ident: str) -> list[Command]:
        raw = encode(ident)
        asks: list[Command] = [("SISMEMBER", self._layout.state(s), raw) for s in RecordState]
        return [("MULTI",), ("HGETALL", self._layout.record(ident)), *asks, ("EXEC",)]

    def _kept(self, ident: str, replies: list[Reply]) -> _Read:
        answers = replies[-1]
        if isinstance(replies[0], NoPermission):
            # A user who may only read (+@read) has no MULTI: each command was answered by itself.
            answers = replies = replies[1:-1]
            replies = [reply for reply in replies if not isinstance(reply, WrongType)]
        refusal = next((reply for reply in replies if isinstance(reply, JobctlError)), None)
        if refusal is not None:
            if not isinstance(refusal, NoPermission):
                raise refusal
            return _Read(None, set(), refusal.message)
        keys = [self._layout.record(ident), *map(self._layout.state, RecordState)]
        # Within a MULTI a key of another type is an answer.
        unread = {key for key, reply in zip(keys, answers, strict=True) if _odd(reply)}
        flat, *asked = (None if _odd(reply) else reply for reply in answers)
        sets = frozenset(s for s, there in zip(RecordState, asked, strict=True) if there)
        return _Read(IndexedRecord(Record.read(ident, flat), sets) if flat else None, unread, None)

    def _kinds(self, keys: list[bytes]) -> dict[bytes, str]:
        kinds = self._connection.pipe([("TYPE", key) for key in keys]) if keys else []
        return dict(zip(keys, (kind.decode() for kind in kinds), strict=True))


def _odd(reply: Reply) -> bool:
    return isinstance(reply, Exception)


def _ident(jid: str) -> str:
    """Return a JID as the keys of records have it: there lone surrogates are bytes."""
    return decode(encode(jid))


def _size(reply: Reply) -> int:
    if isinstance(reply, bytes):
        return len(reply)
    return sum(map(_size, reply)) if isinstance(reply, list) else 0
