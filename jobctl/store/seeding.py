"""The demo's population: written into an empty database, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.errors import Refused
from jobctl.model.layout import Kind, Layout, QueueForm
from jobctl.store.connection import Command, Connection
from jobctl.store.keys import DEMO

if TYPE_CHECKING:  # half of what a start costs; only the demo needs it
    from jobctl.model.population import Population


class Seeds:
    """What the demo wrote, told apart from anything else by a mark."""

    def __init__(self, connection: Connection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout

    def sown_at(self) -> float | None:
        """Return the moment of the population that is there; None when there is none."""
        mark = self._connection.call("GET", DEMO)
        return None if mark is None else float(mark)

    def sow(self, population: Population, moment: float) -> None:
        """Write a population in one transaction.

        Raises:
            Refused: the database is not empty.
        """
        self._refuse_strangers()
        self._connection.pipe([("MULTI",), *self._writes(population, moment), ("EXEC",)])

    def clear(self) -> None:
        """Empty the database of a demo.

        Raises:
            Refused: no demo made what is in it.
        """
        if self.sown_at() is not None:
            self._connection.call("FLUSHDB")
        self._refuse_strangers()

    def _refuse_strangers(self) -> None:
        if self._connection.call("DBSIZE"):
            raise Refused(
                f"{self._connection.target} holds what no demo made; it is left alone",
                hint="use another directory: jobctl demo --dir DIR",
            )

    def _writes(self, population: Population, moment: float) -> list[Command]:
        layout = self._layout
        names = (*population.queues, *population.empty_queues)
        commands: list[Command] = [("SADD", layout.queues, *names)]
        commands += [("SADD", layout.paused, *population.paused)] if population.paused else []
        for name, jobs in population.queues.items():
            commands.append(("LPUSH", layout.queue_key(name, QueueForm.Q), *jobs))
        for kind, members in (
            (Kind.SCHEDULED, population.scheduled),
            (Kind.RETRIES, population.retries),
            (Kind.DEAD, population.dead),
            (Kind.WORKING, population.working),
        ):
            commands += [("ZADD", layout.sets[kind], repr(score), raw) for raw, score in members]
        commands += [("SET", name, count) for name, count in population.counters.items()]
        return [*commands, ("SET", DEMO, repr(moment))]
