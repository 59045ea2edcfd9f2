"""Write the demo's population into an empty database, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.demo.population import Population
from jobctl.demo.status_records import DemoRecord, status_records
from jobctl.errors import Refused
from jobctl.model.jobba import MOMENTS, RecordLayout
from jobctl.model.jsontext import dumps, text_of
from jobctl.model.layout import QueueForm
from jobctl.redis.scripts import DEMO, Command
from jobctl.systems.faktory.layout import FAKTORY

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection


def seeded_at(connection: Connection) -> float | None:
    """Return the moment of the population in the database; None if there is none."""
    mark = connection.call("GET", DEMO)
    return None if mark is None else float(mark)


def seed(connection: Connection, population: Population, moment: float) -> None:
    """Write a population and its status records, in one transaction.

    Raises:
        Refused: the database is not empty.
    """
    _check_empty(connection)
    commands = _job_commands(population)
    for record in status_records(population, moment):
        commands += _record_commands(record)
    commands.append(("SET", DEMO, repr(moment)))
    connection.pipe([("MULTI",), *commands, ("EXEC",)])


def clear(connection: Connection) -> None:
    """Empty the database of a demo.

    Raises:
        Refused: its content is not a demo's.
    """
    if seeded_at(connection) is not None:
        connection.call("FLUSHDB")
    _check_empty(connection)


def _check_empty(connection: Connection) -> None:
    if connection.call("DBSIZE"):
        raise Refused(
            f"{connection.target} holds what no demo made; it is left alone",
            hint="use another directory: jobctl demo --dir DIR",
        )


def _job_commands(population: Population) -> list[Command]:
    names = (*population.queues, *population.empty_queues)
    commands: list[Command] = [
        ("SADD", FAKTORY.queues, *names),
        ("SADD", FAKTORY.paused, *population.paused),
    ]
    for name, jobs in population.queues.items():
        commands.append(("LPUSH", FAKTORY.queue_key(name, QueueForm.Q), *jobs))
    for kind, members in population.sets.items():
        commands += [("ZADD", FAKTORY.sets[kind], repr(score), raw) for raw, score in members]
    return commands + [("SET", name, count) for name, count in population.counters.items()]


def _record_commands(record: DemoRecord) -> list[Command]:
    """Return the commands that write a record, its attempts and index entries, as the gem does."""
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
        if value is not None:
            commands.append(("SADD", key(text_of(value)), record.id))
    args = fields.get("job_args")
    for value in args.values() if isinstance(args, dict) else ():
        commands.append(("SADD", layout.job_arg(value), record.id))
    return commands
