"""Two doors to one job system: its Redis, and the server that runs on it."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from jobctl.errors import UsageProblem
from jobctl.library import Store
from jobctl.model.guards import NO_RULES, Rules

if TYPE_CHECKING:
    from jobctl.systems.faktory.server import Faktory


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors that are known, at least one. Close them, or use them in a ``with``.

    Attributes:
        store: the Redis, open; None where only the server is known.
        faktory: the server, opened by its first command; None where only the Redis is known.
        rules: what a context holds every change to.
        passed_over: a Redis that was not used, because another level of the settings names it.
    """

    store: Store | None
    faktory: Faktory | None
    rules: Rules = NO_RULES
    passed_over: str | None = None

    def redis(self, what: str) -> Store:
        """Return the Redis.

        Args:
            what: what needs it, as a sentence begins with it.

        Raises:
            UsageProblem: it is not known; says how to give it.
        """
        if self.store is None:
            both = "give both: --url beside --faktory-url (JOBCTL_URL beside FAKTORY_URL)"
            context = self.rules.context
            raise UsageProblem(
                f"{what} needs the Redis behind {self.target}, and only the server is known",
                hint=both if context is None else f"give context {context} its url, too",
            )
        return self.store

    def verify(self) -> None:
        """Prove that the server uses the Redis, where both are known, before it changes anything.

        Raises:
            Refused: it uses another one, or there is no way to tell.
            Unreachable: one of the two cannot be reached.
        """
        if self.store is not None and self.faktory is not None:
            from jobctl.systems.faktory.verify_server import verify_server  # looking does without

            verify_server(self.store, self.faktory)

    @property
    def target(self) -> str:
        """Return what is talked to, for people; the Redis where both are known."""
        return str(self.store.target) if self.store else str(self.faktory and self.faktory.address)

    def close(self) -> None:
        """Close both."""
        if self.store is not None:
            self.store.close()  # and its server
        elif self.faktory is not None:
            self.faktory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
