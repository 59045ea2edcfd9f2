"""Run a command, pass on the signals that come meanwhile, and wait for its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import Any, Self

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
