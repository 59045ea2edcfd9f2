"""Change one record: each change is one script, and is applied whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from jobctl.errors import NotFound, Refused, RefusedByRedis, UsageProblem, WrongType
from jobctl.model.jobba import KILL_REQUESTED, Record, RecordState, attempt_number, decode, encode
from jobctl.model.jsontext import dumps, loads
from jobctl.model.record_values import (
    INDEXED,
    fields_json,
    merged_args,
    read_state,
    text_json,
)
from jobctl.redis.record_reading import RecordReader, fixed_indexes, value_indexes
from jobctl.redis.scripts import Command, script_call

_TRIES = 20  # each time somebody else has changed the same record


class RecordWriter(RecordReader):
    """The records of one namespace, read and changed one by one.

    Times are microseconds by the clock of Redis. Each change raises

    - `NotFound`: there is no such record; none is created,
    - `UsageProblem`: Jobba would not keep such a value,
    - `WrongType`: a key holds something else,
    - `RefusedByRedis`: memory, permission, a replica;

    and then nothing has changed.
    """

    def create(
        self,
        ident: str | None = None,
        values: Mapping[str, object] | None = None,
        *,
        state: str = RecordState.UNQUEUED,
    ) -> Record:
        """Create a record, as if it had been unqueued and had entered `state` then.

        Args:
            ident: its id; a UUID unless given.
            values: its other fields: job_name; job_args, texts by name; provider_job_id, a text or
                an integer; data, any JSON value; progress, from 0 to 1, or how much of how much;
                error, any JSON value but null.
            state: one of the seven.

        Raises:
            Refused: there is a record of this id; it was not changed.
        """
        if ident is None:
            ident = str(uuid4())
        text_json("the id", ident)
        values = values or {}
        fields = fields_json(values)
        if "error" in fields:
            fields["errors"] = b"[%b]" % fields.pop("error")
        sets = [key for field in INDEXED for key in self._sets(field, values.get(field))]
        keys = [self.layout.record(ident), *fixed_indexes(self.layout), *sets]
        call = script_call(
            "record_create", keys, encode(ident), read_state(state).value, *_flat(fields)
        )
        if self._change(ident, call) == b"exists":
            raise Refused(
                f"there is a record {ident} already; it is as it was", hint="use another id"
            )
        return self._changed(ident)

    def set(self, ident: str, values: Mapping[str, object], *, keep_args: bool = False) -> None:
        """Set several fields of a record: all of them, or none.

        Args:
            ident: its id.
            values: by their names, as for `create`; an error is appended to those that are there.
            keep_args: merge the arguments with those it has, instead of replacing them.
        """
        if not values:
            raise UsageProblem("nothing is given to be set")
        fields = fields_json(values)
        error = fields.pop("error", b"")
        indexed = [field for field in INDEXED if field in values]
        asked = indexed  # errors need not be read, where they are an array
        for _ in range(_TRIES):
            was = self._read(ident, *asked) if asked else {}
            old, new = {field: was.get(field) for field in indexed}, dict(values)
            if keep_args and "job_args" in values:
                new["job_args"] = merged_args(
                    _value("job_args", old["job_args"]), values["job_args"]
                )
                fields["job_args"] = dumps(new["job_args"])
            before = [key for field in old for key in self._sets(field, _value(field, old[field]))]
            after = [key for field in old for key in self._sets(field, new[field])]
            words = [encode(ident), b"%d" % len(before), error, *_instead(was.get("errors"))]
            words += [b"%d" % len(old), *_flat({f: text or b"" for f, text in old.items()})]
            keys = [self.layout.record(ident), *before, *after]
            call = script_call("record_set", keys, *words, *_flat(fields))
            if self._change(ident, call) != b"changed":
                return
            asked = [*indexed, "errors"] if error else indexed
        raise _busy(ident)

    def mark(self, ident: str, state: str) -> Record:
        """Let a record enter a state; a time that it has for this state is kept.

        Started once more is a restart: its hash is archived as an attempt.

        Raises:
            Refused: the key of its attempt is taken.
        """
        entered = read_state(state)
        hash_key = self.layout.record(ident)
        indexes = fixed_indexes(self.layout)
        for _ in range(_TRIES):
            number = 0
            if entered is RecordState.STARTED:
                number = attempt_number(self._read(ident, "attempt")["attempt"] or b"")
            keys = [hash_key, self.layout.attempt(ident, number), *indexes]
            call = script_call("record_mark", keys, encode(ident), entered.value, str(number))
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
        """Set how far its job is: a fraction from 0 to 1, or `at` of `out_of`."""
        self.set(ident, {"progress": (at, out_of)})

    def add_error(self, ident: str, error: object) -> None:
        """Append an error; errors that others add meanwhile are kept."""
        self.set(ident, {"error": error})

    def save(self, ident: str, data: object) -> None:
        """Replace its data with any JSON value."""
        self.set(ident, {"data": data})

    def set_job_name(self, ident: str, name: str) -> None:
        """Set the name of its job."""
        self.set(ident, {"job_name": name})

    def set_job_args(self, ident: str, args: Mapping[str, str]) -> None:
        """Replace the arguments of its job: texts by name."""
        self.set(ident, {"job_args": args})

    def set_provider_job_id(self, ident: str, provider_job_id: str | int) -> None:
        """Set the id that its job has in the queue."""
        self.set(ident, {"provider_job_id": provider_job_id})

    def request_kill(self, ident: str) -> bool:
        """Request the end of its job; the first request stays.

        Returns:
            Whether this was the first.
        """
        call = script_call("record_mark", [self.layout.record(ident)], encode(ident), "", "0")
        return self._change(ident, call) == b"requested"

    def kill_requested(self, ident: str) -> bool:
        """Check whether the end of its job was requested.

        Raises:
            NotFound: there is no such record.
        """
        found = self._read(ident, KILL_REQUESTED)[KILL_REQUESTED]
        return found not in (None, b"null")

    def _sets(self, field: str, value: object) -> list[bytes]:
        return value_indexes(self.layout, field, value)

    def _read(self, ident: str, *fields: str) -> dict[str, bytes | None]:
        """Return fields of a record as they stand."""
        key = self.layout.record(ident)
        there, texts = self._connection.pipe([("EXISTS", key), ("HMGET", key, *fields)])
        if not there:
            raise self._unknown(ident)
        return dict(zip(fields, texts, strict=True))

    def _change(self, ident: str, call: Command) -> bytes:
        """Send a script and return its outcome; raise for those that all scripts share."""
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


def _instead(odd: bytes | None) -> tuple[bytes, bytes]:
    """Return a text in `errors` that is no array, and the beginning of an array that holds it."""
    if odd is None:
        return b"", b""
    text = odd
    try:
        loads(odd)
    except ValueError:
        text = dumps(decode(odd))
    return odd, b"[%b," % text


def _value(field: str, text: bytes | None) -> object:
    return None if text is None else Record.read("", [field.encode(), text]).values[field]


def _flat(fields: Mapping[str, bytes]) -> list[bytes]:
    return [word for field, text in fields.items() for word in (field.encode(), text)]


def _busy(ident: str) -> RefusedByRedis:
    return RefusedByRedis(
        f"others change the record {ident} all the time; nothing was changed", hint="try again"
    )
