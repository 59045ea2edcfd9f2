"""The demo's population: written into an empty database, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.errors import Refused
from jobctl.model.jobba import MOMENTS, RecordLayout
from jobctl.model.jsontext import dumps, text_of
from jobctl.model.layout import Kind, Layout, QueueForm
from jobctl.redis.connection import Command, Connection
from jobctl.redis.keys import DEMO

if TYPE_CHECKING:  # half of what a start costs; only the demo needs it
    from jobctl.demo.population import Population
    from jobctl.demo.population_records import StatusRecord


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
        """Write a population, and the status records of it, in one transaction.

        Raises:
            Refused: the database is not empty.
        """
        from jobctl.demo.population_records import status_records

        self._refuse_strangers()
        commands = self._writes(population, moment)
        for record in status_records(population, moment):
            commands += _record(record)
        self._connection.pipe([("MULTI",), *commands, ("EXEC",)])

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


def _record(record: StatusRecord) -> list[Command]:
    """Return what writes a record, its attempts and its index entries, as the gem would."""
    layout, fields = RecordLayout(), record.fields
    hashes = {layout.record(record.id): fields}
    hashes |= {layout.attempt(record.id, n): its for n, its in enumerate(record.attempts)}
    commands: list[Command] = [
        ("HSET", key, *(part for name, value in its.items() for part in (name, dumps(value))))
        for key, its in hashes.items()
    ]
    commands += [("SADD", layout.state(s), record.id) for s in (record.state, *record.also_in)]
    for name in MOMENTS:
        if fields.get(name) is not None:
            commands.append(("ZADD", layout.moment(name), text_of(fields[name]), record.id))
    for key, value in (
        (layout.job_name, fields.get("job_name")),
        (layout.provider_job_id, fields.get("provider_job_id")),
    ):
        commands += [] if value is None else [("SADD", key(text_of(value)), record.id)]
    args = fields.get("job_args")
    for value in args.values() if isinstance(args, dict) else ():
        commands.append(("SADD", layout.job_arg(value), record.id))
    return commands
