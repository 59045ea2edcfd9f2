"""The removal of queues as it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from jobctl.model.change import Change, Verb
from jobctl.model.guards import Guards, Rules
from jobctl.queues.naming import Naming

REMOVE = Change(Verb.REMOVE)
ADOPT = Change(Verb.ADOPT)


@dataclass(frozen=True, slots=True)
class Removal:
    """A removal, or an adoption, as it was asked for.

    Attributes:
        names: the queues; ``*`` alone means all.
        guards: what it is held to.
        change: whether they are removed or adopted.
        described: whether whoever confirms it sees a histogram and a sample.
        who, host, argv: who asks, and how; no password in it. For the file alone.
        context: the name of the context it is done under, likewise.
    """

    names: Sequence[str]
    guards: Guards = field(default_factory=Guards)
    change: Change = REMOVE
    described: bool = True
    who: str = ""
    host: str = ""
    argv: Sequence[str] = ()
    context: str | None = None

    def under(self, rules: Rules) -> Removal:
        """Return it as it is done under the rules of a context.

        Raises:
            Refused: it forbids it, or wants a reason.
        """
        guards = self.guards.under(rules, rehearsed=self.guards.dry_run)
        return replace(self, guards=guards, context=rules.context)

    @property
    def everything(self) -> bool:
        """Whether all queues are meant."""
        return Naming(tuple(self.names)).everything

    @property
    def name(self) -> str:
        """Return the queues in one line."""
        return " ".join(dict.fromkeys(self.names))

    @property
    def typed(self) -> str | None:
        """Return what is to be typed where it asks; None where yes or no is enough."""
        return self.name if self.change.verb is Verb.REMOVE else None

    def check(self) -> None:
        """Check the names; needs no connection.

        Raises:
            UsageProblem: none is named, or a name is empty.
        """
        Naming(tuple(self.names)).check()
