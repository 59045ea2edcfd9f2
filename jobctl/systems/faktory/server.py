"""Talk to a running Faktory server: everything that jobctl asks of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from math import isfinite
from os import getpid
from socket import gethostname
from types import TracebackType
from typing import Self

from jobctl.errors import JobctlError, NotFaktory, Refused, UsageProblem, WrongPassword
from jobctl.model.info import JobServerFacts
from jobctl.model.jsontext import Number, dumps, read_object
from jobctl.model.layout import QueueForm
from jobctl.model.target import Address, Target
from jobctl.systems.faktory.wire import Reply, Trace, Wire, not_faktory

ALL = "*"
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})", re.ASCII)
_FIRST_WITH_Q = (1, 10)  # from this version on a queue's list is q:NAME
_PROTOCOL = 2
_MOST_ROUNDS = 1_000_000  # of the password's hash: real servers ask for a few thousand
_NAMES = 500  # queues of one command
_GREETING = b"HI "
_OK = b"OK"


class Faktory:
    """One server. The first command connects; close it, or use it in a ``with``.

    Attributes:
        address: where it is.
        verified_on: the Redis that it was proven to use, see `verify_server`.

    Every command raises

    - `Unreachable` (`NotFaktory`, `WrongPassword`, `ConnectionLost`): the way there,
    - `RefusedByFaktory`: the server answered with an error.
    """

    def __init__(
        self,
        address: Address,
        *,
        connect_timeout: float,
        trace: Trace | None = None,
        wid: str | None = None,
        password: Callable[[], str] | None = None,
    ) -> None:
        """Know a server; `password` gets one where the server wants it and the address has none."""
        self.address = address
        self._password = password
        self._wire = Wire(address, connect_timeout=connect_timeout, trace=trace)
        self._wid = wid
        self._make = partial(
            Faktory, address, connect_timeout=connect_timeout, trace=trace, password=password
        )
        self._open = False
        self._facts: JobServerFacts | None = None
        self.verified_on: Target | None = None

    def open(self) -> None:
        """Connect, greet and log in, unless that is done."""
        if not self._open:
            try:
                self._wire.open()
                self._log_in(self._greeting())
                self._wire.patient()
            except BaseException:
                self._wire.close()
                raise
            self._open = True

    def close(self) -> None:
        """Say goodbye and close the connection."""
        if self._open:
            self._open = False
            self._wire.say_goodbye()
        self._wire.close()

    def as_worker(self, wid: str) -> Faktory:
        """Return another connection to this server, which speaks for a worker; close it too.

        Servers newer than 1.10.0 let nobody but the worker that holds a reservation end it, and
        answer OK all the same.
        """
        return self._make(wid=wid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def info(self) -> JobServerFacts:
        """Return what the server says of itself now."""
        self._facts = read_facts(self._document("INFO"))
        return self._facts

    @property
    def facts(self) -> JobServerFacts:
        """What the server said of itself first: its version does not change while we talk."""
        return self.info() if self._facts is None else self._facts

    @property
    def said(self) -> JobServerFacts | None:
        """What the server last said about itself; None if it was not asked."""
        return self._facts

    def pause(self, names: Sequence[str]) -> None:
        """Stop handing out jobs of these queues; ``*`` alone means all.

        The server answers OK for a queue that it does not know, and does nothing.
        """
        self._queues("PAUSE", names)

    def resume(self, names: Sequence[str]) -> None:
        """Hand out jobs of these queues again; ``*`` alone means all."""
        self._queues("RESUME", names)

    def remove(self, names: Sequence[str]) -> None:
        """Delete these queues: their jobs, their names, their pauses; ``*`` alone means all."""
        self._queues("REMOVE", names)

    def latency(self, names: Sequence[str]) -> dict[str, float]:
        """Return how long the next job of each queue has waited, in seconds."""
        found: dict[str, float] = {}
        for line in _lines("LATENCY", names):
            waited = {name: _seconds(value) for name, value in self._document(line).items()}
            found |= {name: seconds for name, seconds in waited.items() if seconds is not None}
        return found

    def push(self, job: bytes) -> None:
        """Give the server a job, in JSON."""
        (reply,) = self._each([f"PUSH {job.decode()}"])
        if reply != _OK:
            raise self._refusal(reply, "PUSH")

    def acknowledge(self, jids: Sequence[str]) -> list[JobctlError | None]:
        """Say of jobs that they are done, so that the server forgets their reservations.

        Returns:
            For each None, or the error that the server answered. A job that it holds no
            reservation of, or one that another worker holds, is none: look into Redis.
        """
        replies = self._each(f"ACK {dumps({'jid': jid}).decode()}" for jid in jids)
        return [None if reply == _OK else self._refusal(reply, "ACK") for reply in replies]

    def _queues(self, verb: str, names: Sequence[str]) -> None:
        for reply in self._each(_lines(verb, names)):
            if reply != _OK:
                raise self._refusal(reply, "QUEUE")

    def _refusal(self, reply: Reply | JobctlError, verb: str) -> JobctlError:
        """Return the error for an answer that is not OK."""
        if isinstance(reply, JobctlError):
            return reply
        return NotFaktory(f"{self.address} answered {verb} in an unknown form")

    def _each(self, lines: Iterable[str]) -> list[Reply | JobctlError]:
        self.open()
        try:
            return self._wire.attempt(lines)
        except BaseException:  # Ctrl-C too: the next command connects anew
            self._wire.close()
            self._open = False
            raise

    def _document(self, line: str) -> dict[str, object]:
        (reply,) = self._each([line])
        found = read_object(reply) if isinstance(reply, bytes) else None
        if found is None:
            raise self._refusal(reply, line.split(" ")[0])
        return found

    def _greeting(self) -> dict[str, object]:
        said = self._wire.receive()
        if isinstance(said, JobctlError):  # too many connections, for one
            raise said
        hello = (
            read_object(said[len(_GREETING) :])
            if isinstance(said, bytes) and said.startswith(_GREETING)
            else None
        )
        if hello is None:
            raise not_faktory(self.address)
        version = hello.get("v")
        if version != _PROTOCOL:
            spoken = f"version {version}" if isinstance(version, int) else "another version"
            raise NotFaktory(
                f"{self.address} speaks {spoken} of Faktory's protocol, jobctl speaks {_PROTOCOL}"
            )
        return hello

    def _log_in(self, hello: dict[str, object]) -> None:
        login: dict[str, object] = {"v": _PROTOCOL}
        if self.address.username is not None:
            login["username"] = self.address.username  # nothing to the server; proxies go by it
        if self._wid is not None:
            login |= {"wid": self._wid, "hostname": gethostname(), "pid": getpid(), "labels": []}
        if hello.get("s"):
            login["pwdhash"] = self._proof(hello["s"], hello.get("i", 1))
        reply = self._wire.call(f"HELLO {dumps(login).decode()}")
        if reply != _OK:
            raise not_faktory(self.address)

    def _proof(self, salt: object, rounds: object) -> str:
        password = self.address.password
        if password is None and self._password is not None:
            password = self._password()
        if password is None:
            scheme = self.address.scheme
            raise WrongPassword(
                f"{self.address} wants a password",
                hint=f"put it in the URL: {scheme}://:PASSWORD@..",
            )
        if not isinstance(rounds, int) or rounds > _MOST_ROUNDS:
            raise NotFaktory(f"{self.address} wants a password hashed beyond all bounds")
        try:
            return password_hash(password, str(salt), rounds)
        except UnicodeEncodeError:  # half a character
            raise not_faktory(self.address) from None


def password_hash(password: str, salt: str, rounds: int) -> str:
    """Return what Faktory's HELLO proves a password with: sha256, so many times over."""
    digest = sha256((password + salt).encode()).digest()
    for _ in range(1, rounds):
        digest = sha256(digest).digest()
    return digest.hex()


def _seconds(value: object) -> float | None:
    """Return a number of seconds, however many digits it has; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Number):
        return None
    seconds = float(str(value))
    return seconds if isfinite(seconds) else None


def is_sendable(name: str) -> bool:
    """Tell whether a name can stand in a line of the protocol.

    The server splits a line at blanks, and takes a star for all queues. A queue that another
    client has named so can be changed in Redis only.
    """
    return bool(name) and name.isprintable() and not any(c.isspace() or c == "*" for c in name)


def check_sendable(names: Iterable[str]) -> None:
    """Check that the server can be told of these queues.

    Raises:
        Refused: a name does not fit into a line of its protocol.
    """
    for name in names:
        if not is_sendable(name):
            raise Refused(
                f"a Faktory server cannot be told of the queue {name!r}: its protocol has no way "
                "to write blanks, stars and control characters; nothing was changed",
                hint="without a running server it is done by Redis alone",
            )


def _lines(verb: str, names: Sequence[str]) -> Iterator[str]:
    """Yield the commands for these queues, a bounded number of names in each.

    A command without a name kills old servers, one with a blank in it means other queues, and a
    star may mean all of them: none of these ever leaves.
    """
    if not names:
        raise UsageProblem("no queue is named")
    if list(names) == [ALL] and verb != "LATENCY":
        yield f"QUEUE {verb} {ALL}"
        return
    check_sendable(names)
    for start in range(0, len(names), _NAMES):
        yield f"QUEUE {verb} {' '.join(names[start : start + _NAMES])}"


def read_facts(document: Mapping[str, object]) -> JobServerFacts:
    """Read a server's answer to INFO; leave out what is not as expected."""
    server, jobs = _object(document, "server"), _object(document, "faktory")
    queues = jobs.get("queues")
    memory = server.get("used_memory_mb")
    version = server.get("faktory_version")
    version = version if isinstance(version, str) else None
    return JobServerFacts(
        version=version,
        uptime=_count(server, "uptime"),
        connections=_count(server, "connections"),
        commands=_count(server, "command_count"),
        memory=str(memory) if isinstance(memory, str | int) else None,
        processed=_count(jobs, "total_processed"),
        failures=_count(jobs, "total_failures"),
        enqueued=_count(jobs, "total_enqueued"),
        queues={name: queues[name] for name in queues if _count(queues, name) is not None}
        if isinstance(queues, dict)
        else None,
        form=form_of(version),
    )


def form_of(version: str | None) -> QueueForm | None:
    """Return the form of queues' lists that a server of this version writes; None: it is none."""
    found = _VERSION.match(version or "")
    if found is None:
        return None
    newer = (int(found[1]), int(found[2])) >= _FIRST_WITH_Q
    return QueueForm.Q if newer else QueueForm.BARE


def _object(document: Mapping[str, object], key: str) -> dict[str, object]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _count(document: Mapping[str, object], key: str) -> int | None:
    found = document.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
