"""A process that dies at one instant: right before, or right after, its nth sending."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from jobctl.operations.file import OperationFile
from jobctl.redis.connection import Connection
from jobctl.systems.faktory.wire import Wire


class Died(BaseException):
    """It is dead: nothing it still does counts."""


class Death:
    """Comes with the nth sending, to Redis or to Faktory; 0: never."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.at, self.after = at, after
        self.sent = 0

    @property
    def came(self) -> bool:
        """Whether it has come."""
        return 0 < self.at <= self.sent

    @contextmanager
    def around(self) -> Iterator[None]:
        """Send what is sent in here, or do not."""
        if self.came:
            raise Died
        self.sent += 1
        if self.came and not self.after:
            raise Died
        yield
        if self.came:
            raise Died


@contextmanager
def dying(patch: pytest.MonkeyPatch, at: int, *, after: bool) -> Iterator[Death]:
    """Die in here at the nth sending; the files stay as they are then."""
    death = Death(at, after=after)
    plain_redis, plain_wire = Connection._send, Wire._send
    plain_delete, plain_note = OperationFile.delete, OperationFile.note

    def to_redis(self, commands):
        if not commands:
            return
        with death.around():
            plain_redis(self, commands)

    def to_faktory(self, lines):
        with death.around():
            plain_wire(self, lines)

    def delete(self):
        if death.came:
            raise Died
        plain_delete(self)

    def note(self, document):
        if death.came:
            raise Died
        plain_note(self, document)

    with patch.context() as patched:
        patched.setattr(Connection, "_send", to_redis)
        patched.setattr(Wire, "_send", to_faktory)
        patched.setattr(OperationFile, "delete", delete)
        patched.setattr(OperationFile, "note", note)
        yield death
