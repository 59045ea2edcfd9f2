"""The commands of a Faktory server, over its memory."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass

from tests.systems.memory import Document, Killed, Memory, ServerError, dumps

OK = b"+OK\r\n"


@dataclass(eq=False)
class Peer:
    """One connection; `wid` is empty for a producer's."""

    socket: socket.socket
    wid: str = ""


class Commands:
    """Carries out what connections say."""

    def __init__(
        self, memory: Memory, peers: set[Peer], closing: Callable[[], bool], *, owned: bool
    ) -> None:
        self._memory = memory
        self._peers = peers
        self._closing = closing
        self._owned = owned
        self._count = 0
        self._documents: dict[str, Callable[[Peer, Document], bytes]] = {
            "PUSH": self._push,
            "ACK": self._acknowledge,
            "FAIL": self._fail,
            "BEAT": self._beat,
        }

    def carry_out(self, line: str, peer: Peer) -> bytes:
        """Carry out a line and return the reply.

        Raises:
            ServerError: it is refused.
            Killed: it ends the server.
        """
        self._count += 1
        verb, *words = line.split(" ")
        if verb == "FETCH":
            return self._fetch(peer, words)
        with self._memory.lock:
            if verb in self._documents:
                return self._documents[verb](peer, _document(verb, line))
            if verb == "PUSHB":
                return self._push_many(_json(verb, line))
            if verb == "QUEUE":
                return self._queue(words)
            if verb == "INFO":
                return bulk(dumps(self._memory.state(len(self._peers), self._count)))
        if verb == "TRACK":
            raise ServerError("tracking subsystem is only available in Faktory Enterprise")
        raise ServerError(f"Unknown command {verb}")

    def _queue(self, words: list[str]) -> bytes:
        if len(words) < 2:
            raise Killed
        verb, names = words[0].upper(), words[1:]
        memory = self._memory
        if verb == "LATENCY":
            return bulk(dumps(memory.latency(names)))
        doing = {"PAUSE": memory.pause, "RESUME": memory.resume, "REMOVE": memory.remove}.get(verb)
        if doing is None:
            raise ServerError(f"no such QUEUE subcommand: {verb}")
        for name in sorted(memory.queues) if names[0] == "*" else names:
            doing(name)
        return OK

    def _fetch(self, peer: Peer, queues: list[str]) -> bytes:
        if not peer.wid:
            raise ServerError("this connection is no worker's")
        if not queues:
            raise ServerError("must call fetch with at least one queue")
        job = self._memory.fetch(peer.wid, queues, self._closing)
        return b"$-1\r\n" if job is None else bulk(dumps(job))

    def _push(self, peer: Peer, job: Document) -> bytes:
        self._memory.push(job)
        return OK

    def _push_many(self, jobs: object) -> bytes:
        if not isinstance(jobs, list):
            raise ServerError("invalid JSON: no array")
        refused = {}
        for job in jobs:
            try:
                self._memory.push(job)
            except ServerError as error:
                refused[job.get("jid", "")] = str(error)
        return bulk(dumps(refused))

    def _acknowledge(self, peer: Peer, document: Document) -> bytes:
        jid = document.get("jid")
        if not isinstance(jid, str):
            raise ServerError(f"invalid ACK {json.dumps(document)}")
        if self._may_end(peer, jid):
            self._memory.acknowledge(jid)
        return OK

    def _fail(self, peer: Peer, document: Document) -> bytes:
        jid = document.get("jid") or ""
        if not jid:
            raise ServerError("missing JID")
        if not self._may_end(peer, jid):
            raise ServerError(f"Job not found {jid}")
        self._memory.fail(jid, document)
        return OK

    def _may_end(self, peer: Peer, jid: str) -> bool:
        held = self._memory.working.get(jid)
        return not self._owned or held is None or held.get("wid") == peer.wid

    def _beat(self, peer: Peer, document: Document) -> bytes:
        if document.get("wid") not in {each.wid for each in self._peers if each.wid}:
            raise ServerError(f"unknown worker {document.get('wid')}")
        return OK


def bulk(text: bytes) -> bytes:
    """Return a bulk string."""
    return b"$%d\r\n%b\r\n" % (len(text), text)


def _document(verb: str, line: str) -> Document:
    found = _json(verb, line)
    if not isinstance(found, dict):
        raise ServerError(f"invalid {verb} {json.dumps(found)}")
    return found


def _json(verb: str, line: str) -> object:
    """Decode what follows a verb: without a blank behind it, there is nothing to slice."""
    if len(line) <= len(verb):
        raise Killed
    text = line[len(verb) + 1 :]
    try:
        found: object = json.loads(text)
    except ValueError:
        raise ServerError(f"invalid {verb} {text}") from None
    return found
