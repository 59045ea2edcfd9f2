"""The removal of queues as it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from jobctl.errors import UsageProblem
from jobctl.model.change import Change, Verb
from jobctl.model.guards import Guards
from jobctl.model.queue import is_queue_name

ALL = "*"
REMOVE = Change(Verb.REMOVE)


@dataclass(frozen=True, slots=True)
class Removal:
    """A removal as it was asked for.

    Attributes:
        names: the queues; ``*`` alone means all.
        guards: what it is held to.
        described: whether whoever confirms it sees a histogram and a sample.
        who, host, argv: who asks, and how; no password in it. For the file alone.
    """

    names: Sequence[str]
    guards: Guards = field(default_factory=Guards)
    described: bool = True
    who: str = ""
    host: str = ""
    argv: Sequence[str] = ()

    @property
    def everything(self) -> bool:
        """Whether all queues are meant."""
        return list(self.names) == [ALL]

    @property
    def name(self) -> str:
        """Return what is to be typed where it asks."""
        return " ".join(dict.fromkeys(self.names))

    def check(self) -> None:
        """Check the names; needs no connection.

        Raises:
            UsageProblem: one of them is none.
        """
        if not self.names:
            raise UsageProblem("remove which queue?", hint="name it; '*' alone means all of them")
        if self.everything:
            return
        for name in self.names:
            if name == ALL:
                raise UsageProblem("'*' means all queues: leave the other names out")
            if not is_queue_name(name):
                starred = any(sign in name for sign in "*?[")
                raise UsageProblem(
                    f"{name!r} is no name of a queue",
                    hint="there are no patterns here: name each queue, or '*' alone for all"
                    if starred
                    else "letters, digits, dots, dashes and underscores; a blank between two names",
                )
