"""The person at the terminal, waiting until queues are idle."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from jobctl.cli.session import Session
from jobctl.cli.writing import console, say
from jobctl.model.rows import listing_row
from jobctl.queues.draining import Drain, Drained, DrainWatch, Sight, describe, drain

if TYPE_CHECKING:
    from jobctl import Store
    from jobctl.render.waiting import Waiting

_PATIENCE = 0.7  # seconds before a live line is worth its import
_SHOWN = 5  # jobs of the live lines
_PLAIN_EVERY = (5.0, 60.0)  # seconds between two lines where there is no terminal: ever more


def wait(
    session: Session, store: Store, wanted: Drain, stopping: Callable[[], bool] = lambda: False
) -> Drained:
    """Wait until queues are idle, and show meanwhile what holds them up."""
    watch = _Watch(session, wanted, stopping, store.server.now)
    try:
        return drain(store, wanted, watch)
    finally:
        watch.close()


class _Watch(DrainWatch):
    """Shows on stderr which jobs hold the queues up."""

    def __init__(
        self,
        session: Session,
        wanted: Drain,
        stopping: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        self._session = session
        self._wanted = wanted
        self._stopping = stopping
        self._now = now
        self._begun = self._told = time.monotonic()
        self._live: Waiting | None = None
        self._told_expired = False

    def waiting(self, sight: Sight) -> None:
        """Show it: live on a terminal, a line now and then elsewhere."""
        with suppress(OSError):  # the terminal has gone: that stops nobody who waits
            self._show(sight)

    def _show(self, sight: Sight) -> None:
        now = time.monotonic()
        if sight.expired and self._live is None and not self._told_expired:
            self._told_expired = True
            self._say_expired(sight)
        if sys.stderr.isatty():
            if self._live is None and now - self._begun > _PATIENCE:
                from jobctl.render.waiting import Waiting

                self._live = Waiting(console(self._session, sys.stderr))
            if self._live is not None:
                rows = [listing_row(entry) for entry in sight.running[:_SHOWN]]
                text = describe(sight, empty=self._wanted.empty, named=False)
                self._live.update(text, rows, now - self._begun, self._now())
        elif now - self._told > min(
            _PLAIN_EVERY[1], max(_PLAIN_EVERY[0], (now - self._begun) / 10)
        ):
            self._told = now
            say(f"{now - self._begun:.0f} s: {describe(sight, empty=self._wanted.empty)}")

    def _say_expired(self, sight: Sight) -> None:
        first, count = sight.expired[0], len(sight.expired)
        have = "1 reservation has" if count == 1 else f"{count:,} reservations have"
        way = "give jobs back: jobctl working release --stuck"
        if not self._wanted.ignore_expired:
            way += "; or do not wait for them: --ignore-expired"
        say(f"{have} expired ({first.jid or '?'}, at {first.at}): a worker is gone, or late; {way}")

    def stopping(self) -> bool:
        """Tell whether to give up."""
        return self._stopping()

    def close(self) -> None:
        """Take the live lines away."""
        if self._live is not None:
            with suppress(OSError):
                self._live.stop()
        self._live = None
