"""Write the demo's population into an empty database, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.demo.population import DemoRecord, Population
from jobctl.demo.templates import SHOP
from jobctl.errors import Refused
from jobctl.model.jobba import MOMENTS, RecordLayout
from jobctl.model.jsontext import dumps
from jobctl.model.layout import QueueForm
from jobctl.redis.scripts import DEMO, Command
from jobctl.systems.faktory.layout import FAKTORY

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection


def seeded_at(connection: Connection) -> float | None:
    """Return the moment of the population in the database; None if there is none."""
    mark = connection.call("GET", DEMO)
    return None if mark is None else float(mark)


def seed(connection: Connection, population: Population) -> None:
    """Write a population in one transaction.

    Raises:
        Refused: the database is not empty.
    """
    _check_empty(connection)
    commands = _job_commands(population)
    for record in population.records:
        commands += _record_commands(record)
    commands.append(("SET", DEMO, repr(population.moment)))
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
    commands: list[Command] = [
        ("SADD", FAKTORY.queues, *population.queues),
        ("SADD", FAKTORY.paused, *SHOP["paused"]),
    ]
    for name, jobs in population.queues.items():
        if jobs:
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
    sets = [layout.state(state) for state in record.states]
    if "job_name" in fields:
        sets.append(layout.job_name(fields["job_name"]))
        sets += [layout.job_arg(value) for value in fields["job_args"].values()]
    if "provider_job_id" in fields:
        sets.append(layout.provider_job_id(fields["provider_job_id"]))
    commands += [("SADD", key, record.id) for key in sets]
    times = [name for name in MOMENTS if name in fields]
    return commands + [("ZADD", layout.moment(t), str(fields[t]), record.id) for t in times]
