"""Changes to one record: each is one script, and happens whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobctl.errors import NotFound, Refused, RefusedByRedis, UsageProblem, WrongType
from jobctl.model.jobba import RecordState, decode, encode
from jobctl.model.jsontext import dumps, loads
from jobctl.model.record import Record, attempt_number
from jobctl.model.record_values import (
    args_json,
    progress_json,
    read_state,
    text_json,
    value_json,
)
from jobctl.store.connection import Command
from jobctl.store.records.indexing import fixed_indexes, value_indexes
from jobctl.store.records.reading import RecordReader
from jobctl.store.scripts import script

_TRIES = 20  # somebody else has changed the same record each time


class RecordWriter(RecordReader):
    """The records of one namespace, to be read and changed one by one.

    Times are microseconds by the clock of Redis. Each change raises

    - `NotFound`: there is no such record; none is made,
    - `UsageProblem`: the value is none that Jobba would keep,
    - `WrongType`: a key holds something else,
    - `RefusedByRedis`: memory, permission, a replica;

    and nothing has changed then.
    """

    def create(
        self,
        ident: str | None = None,
        *,
        state: str = RecordState.UNQUEUED,
        job_name: str | None = None,
        job_args: Mapping[str, str] | None = None,
        provider_job_id: str | int | None = None,
        data: object = None,
    ) -> Record:
        """Create a record, as if it had been unqueued and had entered `state` then.

        Args:
            ident: its id; a UUID unless given.
            state: one of the seven.
            job_name: the name of its job.
            job_args: the arguments of its job.
            provider_job_id: the job's id where it is queued.
            data: anything JSON can say.

        Raises:
            Refused: there is one of this id; it is as it was.
        """
        if ident is None:
            from uuid import uuid4

            ident = str(uuid4())
        text_json("the id", ident)
        fields: list[bytes] = []
        sets: dict[bytes, None] = {}
        indexed = (
            ("job_name", job_name), ("job_args", job_args), ("provider_job_id", provider_job_id),
        )  # fmt: skip
        for name, value in indexed:
            if value is not None:
                fields += [name.encode(), _json_of(name, value)]
                sets |= dict.fromkeys(value_indexes(self.layout, name, value))
        if data is not None:
            fields += [b"data", value_json("the data", data)]
        keys = [self.layout.record(ident), *fixed_indexes(self.layout), *sets]
        call = _call("record_create", keys, encode(ident), read_state(state).value, *fields)
        if self._change(ident, call) == b"exists":
            raise Refused(
                f"there is a record {ident} already; it is as it was", hint="use another id"
            )
        return self._changed(ident)

    def mark(self, ident: str, state: str) -> Record:
        """Let a record enter a state; its time is kept where it has one from before.

        Started once more is a restart: what it was is put aside as an attempt.

        Raises:
            Refused: something else is where the attempt would be put.
        """
        entered = read_state(state)
        hash_key = self.layout.record(ident)
        indexes = fixed_indexes(self.layout)
        for _ in range(_TRIES):
            number = 0
            if entered is RecordState.STARTED:
                number = attempt_number(self._read(ident, "attempt") or b"")
            keys = [hash_key, self.layout.attempt(ident, number), *indexes]
            call = _call("record_mark", keys, encode(ident), entered.value, str(number))
            outcome = self._change(ident, call)
            if outcome == b"taken":
                raise Refused(
                    f"{ident} cannot restart: a record {ident}:{number} is where its attempt "
                    f"{number} would be put",
                    hint=f"look at it: jobctl record show '{ident}:{number}'",
                )
            if outcome != b"changed":
                return self._changed(ident)
        raise _busy(ident)

    def set_progress(self, ident: str, at: float, out_of: float | None = None) -> None:
        """Say how far its job is: a fraction from 0 to 1, or `at` of `out_of`."""
        self._set(ident, "progress", progress_json(at, out_of))

    def add_error(self, ident: str, error: object) -> None:
        """Add an error, behind those that are there: whoever adds one meanwhile loses none."""
        if error is None:
            raise UsageProblem("an error cannot be null")
        text = value_json("the error", error)
        words: list[bytes] = []  # what stands there is an array: no need to read it
        for _ in range(_TRIES):
            call = _call("record_error", [self.layout.record(ident)], text, *words)
            if self._change(ident, call) != b"changed":
                return
            was = self._read(ident, "errors") or b""
            words = [was, _array_with(was)]
        raise _busy(ident)

    def save(self, ident: str, data: object) -> None:
        """Keep data with it, in place of what was there: anything JSON can say."""
        self._set(ident, "data", value_json("the data", data))

    def set_job_name(self, ident: str, name: str) -> None:
        """Name its job."""
        self._reindex(ident, "job_name", name)

    def set_job_args(self, ident: str, args: Mapping[str, str]) -> None:
        """Give the arguments of its job, texts by name, in place of those it had."""
        self._reindex(ident, "job_args", args)

    def set_provider_job_id(self, ident: str, provider_job_id: str | int) -> None:
        """Give the job's id where it is queued."""
        self._reindex(ident, "provider_job_id", provider_job_id)

    def request_kill(self, ident: str) -> bool:
        """Ask for the end of its job; the first request stays.

        Returns:
            Whether this was the first.
        """
        call = _call("record_kill", [self.layout.record(ident)])
        return self._change(ident, call) == b"requested"

    def kill_requested(self, ident: str) -> bool:
        """Tell whether somebody asked for the end of its job.

        Raises:
            NotFound: there is no such record.
        """
        return self._read(ident, "kill_requested_at") not in (None, b"null")

    def _set(self, ident: str, field: str, text: bytes) -> None:
        self._change(ident, _call("record_set", [self.layout.record(ident)], field, text))

    def _reindex(self, ident: str, field: str, value: object) -> None:
        """Set a field that has indexes, and let these follow."""
        text = _json_of(field, value)
        new = value_indexes(self.layout, field, value)
        for _ in range(_TRIES):
            was = self._read(ident, field)
            had = None if was is None else _value(field, was)
            old = value_indexes(self.layout, field, had)
            keys = [self.layout.record(ident), *old, *new]
            call = _call(
                "record_reindex", keys, encode(ident), field, was or b"", text, str(len(old))
            )
            if self._change(ident, call) != b"changed":
                return
        raise _busy(ident)

    def _read(self, ident: str, field: str) -> bytes | None:
        """Return a field of a record that is there, as it stands."""
        key = self.layout.record(ident)
        there, text = self._connection.pipe([("EXISTS", key), ("HGET", key, field)])
        if not there:
            raise self._unknown(ident)
        return None if text is None else bytes(text)

    def _change(self, ident: str, call: Command) -> bytes:
        """Send a script; return its outcome where it is none that all of them share."""
        outcome, *detail = self._connection.call(*call)
        if outcome == b"missing":
            raise self._unknown(ident)
        if outcome == b"type":
            key = decode(detail[0])
            raise WrongType(
                f"the key {key} of {self._connection.target} holds another type than is kept "
                "there; nothing was changed",
                hint=f"look at it: redis-cli type '{key}'",
            )
        return bytes(outcome)

    def _changed(self, ident: str) -> Record:
        found = self.find(ident)
        if found is None:
            raise NotFound(f"the record {ident} was changed, and deleted right after")
        return found

    def _unknown(self, ident: str) -> NotFound:
        return NotFound(
            f"there is no record {ident} in {self._connection.target}",
            hint=f"its keys begin with {self.layout.namespace}: (--records-namespace); "
            "a new one: jobctl record create",
        )


def _array_with(odd: bytes) -> bytes:
    """Return how an array begins whose first element is what stood in its place."""
    try:
        loads(odd)
    except ValueError:
        odd = dumps(decode(odd))
    return b"[%b," % odd


def _value(field: str, text: bytes) -> object:
    return Record.read("", [field.encode(), text]).values[field]


def _json_of(field: str, value: object) -> bytes:
    if field == "job_args":
        if not isinstance(value, Mapping):
            raise UsageProblem("the arguments of a job are texts by name")
        return args_json(value)
    if field == "provider_job_id" and isinstance(value, int) and not isinstance(value, bool):
        return str(value).encode()
    what = "the name" if field == "job_name" else "the provider's job id"
    if not isinstance(value, str):
        raise UsageProblem(f"{what} is no text")
    return text_json(what, value)


def _busy(ident: str) -> RefusedByRedis:
    return RefusedByRedis(
        f"others change the record {ident} all the time; nothing was changed", hint="try again"
    )


def _call(name: str, keys: Sequence[bytes], *words: bytes | str) -> Command:
    return ("EVAL", script("records", name), len(keys), *keys, *words)
