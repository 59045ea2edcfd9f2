"""Putting the lists of queues back in front of what came meanwhile, in their order."""

from __future__ import annotations

from collections.abc import Mapping

from jobctl.backend import Backend
from jobctl.model.operation import Header
from jobctl.operations.removal.rounds import Rounds, rejoin_number
from jobctl.redis.queue_removal import PauseFate, ReturnedList


def rejoin_asides(
    backend: Backend, header: Header, rounds: Rounds, pauses: Mapping[int, PauseFate]
) -> None:
    """Put back what stands aside, and what the names of the queues were.

    Whatever of it was done before is not done again.

    Args:
        backend: what it works on.
        header: of the operation.
        rounds: what was put aside.
        pauses: by the places of the queues to put back: what becomes of their pause before.

    Raises:
        RefusedByRedis: one could not be put back; it stands aside still.
    """
    if not rounds:
        return
    removing, operation = backend.removing, header.operation
    queues = {place: rounds.queue(place, header) for place in pauses}
    lists = [(place, queue.name, form) for place, queue in queues.items() for form in queue.forms]
    first, *later = rounds.numbers
    for number in later:
        removing.join(
            operation,
            [
                (
                    removing.aside(operation, first, name, form),
                    removing.aside(operation, number, name, form),
                )
                for _, name, form in lists
            ],
        )
    refusals = removing.rejoin(
        operation,
        [
            ReturnedList(
                number=rejoin_number(place, form),
                first=removing.aside(operation, first, name, form),
                queue=name,
                form=form,
                registered=queues[place].registered,
                pause=pauses[place],
            )
            for place, name, form in lists
        ],
    )
    for refusal in refusals:
        if refusal is not None:
            raise refusal
