"""The names that a filter on records can use."""

from __future__ import annotations

from collections.abc import Mapping

from jobctl.errors import BadFilter
from jobctl.filter.job_fields import FilterField, Read, Sort, dug, shortest, split_path
from jobctl.filter.values import Literal, check_time
from jobctl.model.jobba import GROUPS, KILL_REQUESTED, MOMENTS, RecordState
from jobctl.model.jsontext import text_of
from jobctl.model.record import ROW_KEYS, Record
from jobctl.model.status import OF_RECORDS
from jobctl.model.words import near_name

TIMES = (*MOMENTS, KILL_REQUESTED)
# jobctl's own words for some states, where Jobba's say nothing else by them.
_CANONICAL = {word.value: state for state, word in OF_RECORDS.items()}
STATE_WORDS: Mapping[str, tuple[RecordState, ...]] = {
    **{state.value: (state,) for state in RecordState},
    **GROUPS,
    **{word: (state,) for word, state in _CANONICAL.items()},
}
_OTHER_WORDS = {
    state: tuple(word for word, states in STATE_WORDS.items() if state in states and word != state)
    for state in RecordState
}
_ALIASES = {"type": "job_name"}
_NESTED = ("job_args", "data", "errors")


def find_record_field(name: str, at: tuple[str, int]) -> FilterField:
    """Return the field of this name, of a record.

    Raises:
        BadFilter: there is none; says which is near.
    """
    name = _ALIASES.get(name, name)
    if name in _SPECIAL:
        sort, read, check = _SPECIAL[name]
        return FilterField(name, sort, read, verbatim=False, check=check)
    if name in ROW_KEYS:
        sort = Sort.TIME if name in TIMES else Sort.PLAIN
        check = check_time if sort is Sort.TIME else None
        return FilterField(name, sort, _listed(name), verbatim=False, check=check)
    path = split_path(name)
    first, rest = path[0], path[1:]
    if first in _NESTED and rest:
        key = str(first)
        below = dug(rest, lambda record: record.values.get(key))
        return FilterField(shortest(name), Sort.PLAIN, below, verbatim=False)
    near = near_name(str(first), sorted((*ROW_KEYS, *_SPECIAL, *_ALIASES)))
    raise BadFilter(
        f"-w: records have no field {name!r}",
        hint=f"did you mean {near}?"
        if near
        else f"they have {', '.join(dict.fromkeys((*ROW_KEYS, *_SPECIAL)))}",
        at=at,
    )


def _listed(key: str) -> Read:
    return lambda record, now: (record.listed(key),)  # noqa: ARG005


def _state(record: Record, now: float) -> tuple[object, ...]:  # noqa: ARG001
    """Return the state's names: its own, its group's, and jobctl's own word for it."""
    state = record.state
    if state is None:
        return (record.values.get("state"),)
    return (state.value, *_OTHER_WORDS[state])


def _check_state(literal: Literal, at: tuple[str, int]) -> None:
    if literal.text in STATE_WORDS:
        return
    near = near_name(literal.text, list(STATE_WORDS))
    known = ", ".join((*RecordState, *GROUPS))
    raise BadFilter(
        f"-w: no record is ever {literal.text!r}",
        hint=f"did you mean {near}?" if near else f"the states are {known}",
        at=at,
    )


def _args(record: Record, now: float) -> tuple[object, ...]:  # noqa: ARG001
    return tuple(record.job_args.values()) or (None,)


def _errors(record: Record, now: float) -> tuple[object, ...]:  # noqa: ARG001
    return tuple(text_of(error) for error in record.errors) or (None,)


def _age(record: Record, now: float) -> tuple[object, ...]:
    recorded = record.microseconds("recorded_at")
    return (None if recorded is None else now - recorded / 1e6,)


_SPECIAL = {
    "state": (Sort.PLAIN, _state, _check_state),
    "job_arg": (Sort.PLAIN, _args, None),
    "error": (Sort.PLAIN, _errors, None),
    "age": (Sort.AGE, _age, None),
}
