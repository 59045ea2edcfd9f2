"""Hold queues: pause them while a command runs, and resume them whatever becomes of it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from jobctl.errors import JobctlError, NotFound, NotTaken, Unreachable
from jobctl.model.queue import BEAT, STALE, Author, Lease
from jobctl.model.words import listed
from jobctl.queues.holders import NAP, end_gone_leases, process_name, still_resuming
from jobctl.queues.naming import Naming, SelectedQueues, select_queues
from jobctl.queues.pausing import finish_by_server, not_applied_reason, tell_server
from jobctl.systems.base import PauseRoute

if TYPE_CHECKING:
    from jobctl.backend import Backend


PATIENCE = 60.0  # seconds for which resuming is tried again where a server is away
_AGAIN = 1.0  # seconds between two tries
_HEARD = BEAT + 2  # seconds within which the living have beaten again, once Redis is back

Tell = Callable[[str], None]
Reopen = Callable[[], "Backend"]


class QueueHold:
    """Queues that are paused from `take` to `leave`.

    Leases in Redis tell others about it; the first one remembers whether a queue was paused before,
    and the last one out resumes it. With the server alone there are no leases, and nobody sees who
    else pauses or resumes.

    Attributes:
        names: the queues.
        paused_at: the moment of the pause, by the monotonic clock.
    """

    def __init__(
        self, backend: Backend, reopen: Reopen, tell: Tell, resuming: str = "jobctl queue resume"
    ) -> None:
        """Make one that holds nothing yet.

        Args:
            backend: what it works on.
            reopen: opens the same once more: for the heartbeat, and after a lost connection.
            tell: prints a sentence for people, from any thread.
            resuming: the command that resumes queues of the same job system by hand.
        """
        self.names: list[str] = []
        self.paused_at = 0.0
        self._backend = backend
        self._reopen = reopen
        self._tell = tell
        self._resuming = resuming
        self._ident = secrets.token_hex(6)
        self._before: list[bool] = []
        self._route: PauseRoute | None = None
        self._heartbeat: _Heartbeat | None = None
        self._ended: dict[str, str] = {}

    def take(self, naming: Naming, author: Author, pid: int, command: Sequence[str]) -> None:
        """Pause the queues, and check that it took effect.

        Raises:
            NotFound: there is no such queue; nothing was changed.
            Refused: a server runs that would not notice, another version of jobctl holds a queue,
                or a context forbids it.
            NotTaken: the pause had no effect; it was undone.
            Unreachable: the server, or Redis, cannot be reached.
        """
        self._backend.rules.check(author.reason)
        naming.check()
        self._route = self._backend.system.pause_route(at_restart=False, offered=False)
        selected = select_queues(self._backend, naming, told=not self._by_redis)
        if not selected.names:  # the command would run beside jobs that were to be held
            raise NotFound("there is no queue to hold", hint="which there are: jobctl queue ls")
        self.names = selected.names
        if self._route.warning is not None:
            self._tell(self._route.warning)
        try:
            lease = Lease(self._ident, author, pid, command, process=process_name(pid))
            self._pause(selected, lease)
            self.paused_at = time.monotonic()
            self._tell(f"holding {listed(self.names)}")
        except BaseException:
            self._give_up()
            raise

    def _pause(self, selected: SelectedQueues, lease: Lease) -> None:
        backend = self._backend
        if not backend.has_redis:
            self._tell(
                "only the server is known: no lease tells others of this hold, and at its end the "
                "queues are resumed, whoever else paused them"
            )
            tell_server(backend, selected.names, pause=True)
            return
        self._backend.system.verify_server()  # before anything is leased
        end_gone_leases(backend, self.names)  # else they would count as holders at the end
        self._before = self._lease(backend, lease)
        self._heartbeat = _Heartbeat(self.names, self._ident, self._reopen, self._tell)
        self._heartbeat.start()
        if not self._by_redis:
            tell_server(backend, selected.names, pause=True)
            now = backend.pauses.paused(self.names)
            failed = [name for name, paused in now.items() if not paused]
            if failed:
                raise NotTaken(not_applied_reason(self._backend, failed[0], paused=False))

    def _lease(self, backend: Backend, lease: Lease) -> list[bool]:
        end = time.monotonic() + STALE + 1
        while True:
            found = backend.pauses.take(self.names, lease, by_redis=self._by_redis)
            if not isinstance(found, str):
                return found
            if time.monotonic() > end:
                raise still_resuming(found)
            time.sleep(NAP)

    @property
    def _by_redis(self) -> bool:
        return self._route is not None and not self._route.by_server

    def leave(self, impatient: Callable[[], bool] = lambda: False) -> None:
        """Resume the queues, unless others hold them or they were paused before.

        While Redis or the server is away, try again for a minute.

        Args:
            impatient: tells whether to try no more.

        Raises:
            JobctlError: they could not be resumed; the hint says how to do it.
        """
        self._end(impatient)
        self._say()

    def _end(self, impatient: Callable[[], bool]) -> None:
        """Leave with the heartbeat going on: others take over from a holder that resumes slowly."""
        if self._heartbeat is not None:
            self._heartbeat.silence()
        try:
            self._leave_at_last(impatient)
        except JobctlError:
            self._abandon()
            raise
        finally:
            if self._heartbeat is not None:
                self._heartbeat.stop()

    def _leave_at_last(self, impatient: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        told = False
        while True:
            try:
                self._leave()
                return
            except Unreachable as error:
                if time.monotonic() > end or impatient():
                    raise self._stuck(error) from error
                if not told:
                    self._tell(f"cannot resume yet, trying again: {error.message}")
                told = True
                time.sleep(_AGAIN)
                self._try_to_reopen(impatient)
            except JobctlError as error:
                raise self._stuck(error) from error

    def _leave(self) -> None:
        backend = self._backend
        if not backend.has_redis:
            tell_server(backend, self.names, pause=False)
            return
        # If no lease is known to have been taken, what is paused was so before.
        before = self._before or [True] * len(self.names)
        letters = backend.pauses.leave(
            self.names, self._ident, by_redis=self._by_redis, before=before
        )
        self._ended = dict(zip(self.names, letters, strict=True))
        waiting = [name for name, letter in self._ended.items() if letter == "w"]
        problems = finish_by_server(backend, waiting, self._ident) if waiting else {}
        for text in problems.values():
            raise NotTaken(text)

    def _say(self) -> None:
        groups: dict[str, list[str]] = {}
        for name in self.names:
            groups.setdefault(_ENDED[self._ended.get(name, "w")], []).append(name)
        for text, names in groups.items():
            self._tell(f"{text} {listed(names)}")

    def _try_to_reopen(self, impatient: Callable[[], bool]) -> None:
        try:
            backend = self._reopen()
            if backend.faktory is not None and self._backend.faktory is not None:
                backend.faktory.verified_on = self._backend.faktory.verified_on
            self._backend.close()
            self._backend = backend
            self._await_heartbeats(backend, impatient)
        except JobctlError:
            return  # the next try says so again

    def _await_heartbeats(self, backend: Backend, impatient: Callable[[], bool]) -> None:
        """Wait for the heartbeats of others, who could send none while Redis was away."""
        end = time.monotonic() + _HEARD
        while backend.has_redis and time.monotonic() < end and not impatient():
            holds = backend.pauses.holds(self.names, backend.server.now()).values()
            others = [it for hold in holds for it in hold.leases if it.ident != self._ident]
            if not any(lease.dead for lease in others):
                return
            time.sleep(_AGAIN)

    def _stuck(self, error: JobctlError) -> JobctlError:
        names = " ".join(self.names)
        error.message = f"the queues are still paused: {error.message}"
        stale = "" if not self._backend.has_redis else " --stale"
        error.hint = f"resume them: {self._resuming}{stale} {names}"
        return error

    def _abandon(self) -> None:
        """Mark the leases as dead, so that others need not wait until they are."""
        if self._heartbeat is not None:
            self._heartbeat.stop()
        if self._backend.has_redis and self._before:
            with suppress(JobctlError):  # Redis is away: they expire by themselves
                self._backend.pauses.beat(self.names, self._ident, ends=True)

    def _give_up(self) -> None:
        """Undo what was begun; the caller reports the failure."""
        try:
            self._end(impatient=lambda: True)
        except JobctlError as error:
            if self._before or not self._backend.has_redis:  # else nothing had been paused
                self._tell(f"{error.message}; {error.hint}")

    @property
    def backend(self) -> Backend:
        """The open backend."""
        return self._backend

    def close(self) -> None:
        """Close the backend."""
        self._backend.close()


_ENDED = {
    "r": "resumed",
    "w": "resumed",
    "o": "others hold, so that they stay paused:",
    "s": "paused before, or by hand since, and stay so:",
    "n": "were resumed meanwhile:",
}


class _Heartbeat(threading.Thread):
    """Renews the leases every few seconds, on a connection of its own."""

    def __init__(self, names: Sequence[str], ident: str, reopen: Reopen, tell: Tell) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._names = names
        self._lease = ident
        self._reopen = reopen
        self._tell = tell
        self._end = threading.Event()
        self._backend: Backend | None = None
        self._told: set[str] = set()
        self._silenced = False

    def run(self) -> None:
        """Beat until it is stopped; report what goes wrong once, and try again."""
        while not self._end.wait(BEAT):
            try:
                self._beat()
            except Exception as error:  # whatever it was: without a heartbeat others resume
                self._once("away", f"the lease cannot be renewed just now: {error}")
                self._close()
        self._close()

    def silence(self) -> None:
        """Beat on in silence."""
        self._silenced = True

    def stop(self) -> None:
        """Stop it, and wait for a beat that is under way."""
        self._end.set()
        self.join(BEAT)

    def _beat(self) -> None:
        if self._backend is None:
            self._backend = self._reopen()
        letters = self._backend.pauses.beat(self._names, self._lease)
        found = dict(zip(self._names, letters, strict=True))
        for letter, text in _ODD.items():
            names = ", ".join(name for name, its in found.items() if its == letter)
            if names:
                self._once(f"{letter} {names}", f"{names}: {text}")

    def _once(self, what: str, text: str) -> None:
        if what not in self._told and not self._silenced:
            self._told.add(what)
            self._tell(text)

    def _close(self) -> None:
        if self._backend is not None:
            self._backend.close()
        self._backend = None


_ODD = {
    "r": "somebody resumed it: its jobs run while it is held",
    "l": "somebody cleared the lease, or Redis lost it: it may not be paused any more",
}


NOT_FOUND, NOT_EXECUTABLE = 127, 126  # as a shell says it
_BY_SIGNAL = 128
_CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# A terminal sends these to every foreground process, so that the command has them already.
_FROM_A_TERMINAL = (signal.SIGINT, signal.SIGQUIT)


class Signals:
    """Catches signals that would end this process, and passes them on to the command it runs.

    Signals that were ignored before (nohup) stay ignored.

    Attributes:
        caught: the numbers, in the order they came.
        refusal: why the command could not be run; None if it could.
    """

    def __init__(self) -> None:
        self.caught: list[int] = []
        self.refusal: str | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in _CAUGHT:
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._catch)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def code(self) -> int:
        """The exit code of a process that the first caught signal has ended."""
        return _BY_SIGNAL + self.caught[0]

    def run(self, command: Sequence[str]) -> int:
        """Run a command to its end, and return its exit code, as a shell would.

        128 + n if signal n has killed it, 127 if there is no such program, 126 if it cannot be run.
        Signals that were caught before go to it as well.
        """
        try:
            child = subprocess.Popen(command)
        except OSError as error:
            self.refusal = error.strerror
            return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
        self._child = child
        try:
            for number in self.caught:  # also from a terminal, which may not have known it yet
                _send(child, number)
            code = child.wait()
        finally:
            self._child = None
        return code if code >= 0 else _BY_SIGNAL - code

    def _catch(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.caught.append(number)
        self._hand_on(number)

    def _hand_on(self, number: int) -> None:
        child = self._child
        if child is not None and not (number in _FROM_A_TERMINAL and _in_front()):
            _send(child, number)


def runnable(command: Sequence[str]) -> int:
    """Return 0 for a command that looks runnable, else the exit code that a shell gives."""
    if shutil.which(command[0]) is not None:
        return 0
    there = os.path.sep in command[0] and os.path.exists(command[0])  # noqa: PTH110 (any bytes)
    return NOT_EXECUTABLE if there else NOT_FOUND


def _send(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(OSError):  # another user's, by sudo: its end is waited for
        child.send_signal(number)


def _in_front() -> bool:
    """Tell whether this is a terminal's foreground process: its keys reach the command too."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
