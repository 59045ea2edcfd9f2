"""Everything jobctl knows of one JID: the answer of ``jobctl status``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobctl.model.entry import Entry
from jobctl.model.rows import Row
from jobctl.model.states import OF_RECORDS, PRECEDENCE, State, state_of
from jobctl.systems.layout import Kind

if TYPE_CHECKING:
    from jobctl.model.record import Record

PLACE_KEYS = (
    "jid", "state", "place", "queue", "position", "at", "wid", "jobtype", "retry_count",
    "remaining", "errtype", "message", "class",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Status:
    """One job's answer: where it is, what its records say, and what is worth a warning.

    Attributes:
        entries: where it was seen, the place that decides its state first.
        records: the status records whose id or provider_job_id it is, the newest first.
        warnings: one sentence each.
        held_back: why it will not run, though it is queued.
        damaged: structures with a malformed member that holds the JID's text.
        denied: whether Redis let nobody see all of its records.
        unread: keys that could not be looked into: they hold another type than theirs.
    """

    jid: str
    entries: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()
    held_back: str | None = None
    unread: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    denied: bool = False

    @property
    def state(self) -> State:
        """Its canonical state: a place decides it, else the newest record that has one."""
        if self.entries:
            return state_of(entry.kind for entry in self.entries)
        said = (record.state for record in self.records)
        return next((OF_RECORDS[state] for state in said if state is not None), State.UNKNOWN)

    @property
    def found(self) -> bool:
        """Whether it is anywhere, or has a record."""
        return bool(self.entries or self.records)

    def document(self) -> Row:
        """Return the JSON document of the contract; `job` is the payload as it stands."""
        return {
            "jid": self.jid,
            "state": self.state.value,
            "places": [_place(entry) for entry in self.entries],
            "job": self.entries[0].job.payload if self.entries else None,
            "records": [record.row() for record in self.records],
            "track": None,
            "lock": None,
            "warnings": list(self.warnings),
        }

    def rows(self) -> list[Row]:
        """Return a row for each place; a job that is nowhere has one that says so."""
        nowhere: Row = dict.fromkeys(PLACE_KEYS) | {"jid": self.jid, "state": self.state.value}
        return [nowhere | _row(entry) for entry in self.entries] or [nowhere]


def by_precedence(entries: list[Entry]) -> tuple[Entry, ...]:
    """Return the entries with the one that decides the state first."""
    return tuple(sorted(entries, key=lambda entry: PRECEDENCE.index(entry.kind)))


def _place(entry: Entry) -> Row:
    place = entry.place
    if place.kind is Kind.QUEUE:
        return {"place": "queue", "queue": place.queue, "position": place.position}
    if place.kind is Kind.WORKING:
        return {"place": "working", **entry.reservation}
    return {"place": place.kind.value, "at": entry.at}


def _row(entry: Entry) -> Row:
    job = entry.job
    return {
        "place": entry.kind.value,
        "queue": entry.place.queue if entry.kind is Kind.QUEUE else job.get("queue"),
        "position": entry.place.position,
        "at": entry.at,
        "wid": entry.reservation.get("wid"),
        **{key: job.get(key) for key in PLACE_KEYS[-6:]},
    }
