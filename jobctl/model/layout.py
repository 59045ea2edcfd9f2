"""How a job system names its keys and writes its payloads, as one frozen value.

Everything that reads or edits jobs is given one: nothing outside jobctl/systems knows the keys,
the fields or the forms of time of any job system.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from jobctl.model.jsontext import Path

Payload = dict[str, object]


class Kind(StrEnum):
    """What holds jobs, in the direction in which a job flows; and the records of jobs."""

    SCHEDULED = "scheduled"
    QUEUE = "queue"
    WORKING = "working"
    RETRIES = "retries"
    DEAD = "dead"
    RECORDS = "records"  # Jobba's status records, see jobba.py

    @property
    def thing(self) -> str:
        """Return what one of them is called."""
        return "record" if self is Kind.RECORDS else "job"


JOB_KINDS = (Kind.SCHEDULED, Kind.QUEUE, Kind.WORKING, Kind.RETRIES, Kind.DEAD)
SETS = (Kind.SCHEDULED, Kind.WORKING, Kind.RETRIES, Kind.DEAD)


class QueueForm(StrEnum):
    """How a queue's list is named: behind the job system's prefix, or as the queue itself.

    Only Faktory has both: ``q:NAME`` from 1.10 on, and ``NAME`` before.
    """

    Q = "q"
    BARE = "bare"


class System(StrEnum):
    """The job systems whose data is told apart."""

    FAKTORY = "faktory"
    SIDEKIQ = "sidekiq"


Types = Mapping[str, str]  # key -> its type, as TYPE answers it


@dataclass(frozen=True, slots=True)
class Marks:
    """The keys by which a job system is recognised.

    Attributes:
        keys: keys that only this system has, and their types.
        list_prefix: what stands before the names of queues in the keys of their lists.
    """

    keys: Types
    list_prefix: str

    def seen(self, types: Types) -> Types:
        """Return those of these keys that are this system's alone."""
        fixed = {key: kind for key, kind in self.keys.items() if types.get(key) == kind}
        return fixed | {
            key: kind
            for key, kind in types.items()
            if key.startswith(self.list_prefix) and kind == "list"
        }


@dataclass(frozen=True, slots=True)
class Layout:
    """A job system's names and forms: keys, payload fields, and the meaning of its scores.

    Attributes:
        system: the job system.
        queues: key of the set of queue names.
        paused: key of the set of paused queue names.
        sets: key of each sorted set.
        prefixes: what stands before a queue's name in the key of its list, for each form there is.
        readers: which servers read the lists of each form, for people.
        queue_names: the names that the system would give a queue.
        counters: keys of the totals (also the prefixes of their days' counters).
        fields: listing key to path inside the payload.
        failure: path inside the payload of something that is there once a job has failed.
        wrapped: paths inside the payload, one of which names the class of a job whose jobtype is
            the same for all: ActiveJob's wrapper.
        payload_keys: the top-level keys that a payload of this system has.
        reservation: listing key to path inside a member of working.
        reserved_job: path of the job inside a member of working.
        purge_after: seconds from death to the score of the dead set; 0 where it is the death.
        batch: paths inside the payload that name the batch a job is in, or calls back.
        default_queue: queue of a job that names none.
        age_from: which time the age of a job counts from, per structure.
        utc: returns a payload's time as RFC 3339 in UTC, None for the system's way to write that
            there is none; what is no time is returned as it is.
        retries_allowed: returns how many retries a payload's value of ``retry`` allows.
        requeued: returns the bytes of a job that is put into a queue, given its bytes, the same
            decoded, and the moment as RFC 3339. Only the stamp changes.
        without_failure: returns the bytes of a job that gets all its retries again, and the same
            decoded, given both.
    """

    system: System
    queues: str
    paused: str
    sets: Mapping[Kind, str]
    prefixes: Mapping[QueueForm, str]
    readers: Mapping[QueueForm, str]
    queue_names: re.Pattern[str]
    counters: tuple[str, str]
    fields: Mapping[str, tuple[str, ...]]
    failure: Path
    wrapped: tuple[Path, ...]
    payload_keys: frozenset[str]
    reservation: Mapping[str, tuple[str, ...]]
    reserved_job: tuple[str, ...]
    purge_after: int
    batch: tuple[tuple[str, ...], ...]
    default_queue: str
    age_from: Mapping[Kind, str]
    utc: Callable[[object], object]
    retries_allowed: Callable[[object], int]
    requeued: Callable[[bytes, Payload, str], bytes]
    without_failure: Callable[[bytes, Payload], tuple[bytes, Payload]]

    @property
    def own_keys(self) -> frozenset[str]:
        """The keys that are no queue's list, whatever a queue is called."""
        return frozenset((self.queues, self.paused, *self.sets.values(), *self.counters))

    def queue_key(self, name: str, form: QueueForm) -> str:
        """Return the key of a queue's list."""
        return self.prefixes[form] + name

    def queue_forms(self, name: str) -> tuple[QueueForm, ...]:
        """Return the forms that the list of a queue can have, the newest first.

        The bare key of Faktory's ``working`` is its own, that of ``q:mail`` is the list of mail.
        """
        taken = name in self.own_keys or name.startswith(self.prefixes[QueueForm.Q])
        return (QueueForm.Q,) if taken else tuple(self.prefixes)

    def queue_of_key(self, key: str) -> tuple[str, QueueForm] | None:
        """Return the queue whose list can be at this key, and the form of that list."""
        prefix = self.prefixes[QueueForm.Q]
        if key.startswith(prefix):
            return key.removeprefix(prefix), QueueForm.Q
        return (key, QueueForm.BARE) if QueueForm.BARE in self.prefixes else None

    def is_queue_name(self, name: str) -> bool:
        """Tell whether the job system would make a queue of this name."""
        return self.queue_names.fullmatch(name) is not None

    def lists_pattern(self, form: QueueForm | None) -> str:
        """Return how the keys of queues' lists look, for people: ``q:NAME``."""
        return self.queue_key("NAME", form or QueueForm.Q)
