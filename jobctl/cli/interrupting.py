"""Ctrl-C while a command runs."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

_IMPORTING = "<frozen importlib."
_LATER = 0.01  # seconds


class Interruptible:
    """Makes Ctrl-C a KeyboardInterrupt, so that what is under way can be put in order.

    One that comes while a module is imported waits for its end: what is raised there may be printed
    and forgotten, or come out as another error. What is ignored (nohup) stays ignored.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._unraisable = sys.unraisablehook

    def __enter__(self) -> None:
        """Take over from whatever is done by default."""
        own = (signal.SIG_DFL, signal.default_int_handler)
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) in own:
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, _again)
            sys.unraisablehook = self._raise_later
            self._before[signal.SIGINT] = signal.signal(signal.SIGINT, _interrupt)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back what was there before; an interrupt that still waits comes now."""
        if not self._before:
            return
        waiting, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        sys.unraisablehook = self._unraisable
        if waiting and error is None:
            raise KeyboardInterrupt

    def _raise_later(self, lost: sys.UnraisableHookArgs) -> None:
        """Put off an interrupt that came where nothing can be raised, as in a destructor."""
        if issubclass(lost.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, _LATER)
        else:
            self._unraisable(lost)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTING):
            signal.setitimer(signal.ITIMER_REAL, _LATER)
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _again(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Let whoever answers Ctrl-C by now have the one that has waited."""
    signal.raise_signal(signal.SIGINT)
