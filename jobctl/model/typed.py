"""Check decoded JSON against types: a file may have been changed since it was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Required, Union, get_args, get_origin, get_type_hints, is_typeddict

_MOST = 1 << 53  # what a JSON number holds exactly
_NAMES = {str: "text", int: "count", float: "number", bool: "truth value"}

Reader = Callable[[object, str], Any]


def typed(kind: Any, value: object, name: str) -> Any:
    """Return a value as a type: dataclasses, TypedDicts, enums, and lists and dicts of these.

    Integers are counts (0 to 2^53), floats are no larger than that. A TypedDict may have more keys
    than are known, a dataclass may not.

    Args:
        kind: the type; of unions only those with None.
        value: decoded JSON.
        name: the name of the value in errors.

    Raises:
        ValueError: it is not of that type; the message names the part and what is wrong.
    """
    return _reader(kind)(value, name)


@cache
def _reader(kind: Any) -> Reader:
    """Return a reader for a type; cached, as files have many lines."""
    kinds, origin = get_args(kind), get_origin(kind)
    if origin in (Union, UnionType):
        inner = _reader(next(one for one in kinds if one is not NoneType))
        return lambda value, name: None if value is None else inner(value, name)
    if origin in (list, tuple):
        return _list_reader(_reader(kinds[0]), origin)
    if origin is dict:
        return _dict_reader(_reader(kinds[1]))
    if is_typeddict(kind) or is_dataclass(kind):
        return _object_reader(kind)
    return _scalar_reader(kind)


def _list_reader(inner: Reader, make: Callable[[Any], Any]) -> Reader:
    def read(value: object, name: str) -> Any:
        if not isinstance(value, list):
            raise ValueError(f"{name} is no list")
        return make([inner(item, name) for item in value])

    return read


def _dict_reader(inner: Reader) -> Reader:
    def read(value: object, name: str) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"{name} is no object")
        return {key: inner(item, name) for key, item in value.items()}

    return read


def _object_reader(kind: Any) -> Reader:
    hints = get_type_hints(kind)
    if is_typeddict(kind):
        # Its own __required_keys__ do not see through annotations that are text.
        marks = get_type_hints(kind, include_extras=True)
        needed = {k for k, hint in marks.items() if kind.__total__ or get_origin(hint) is Required}
    else:
        needed = {f.name for f in fields(kind) if f.default is f.default_factory is MISSING}
    readers = {key: _reader(hint) for key, hint in hints.items()}
    strict = not is_typeddict(kind)

    def read(value: object, name: str) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"{name} is no object")
        if not needed <= value.keys():
            raise ValueError(f"{name} has no {min(needed - value.keys())}")
        if strict and not value.keys() <= readers.keys():
            raise ValueError(f"{name} has fields that are not known")
        found = {
            key: readers[key](item, f"{name}.{key}")
            for key, item in value.items()
            if strict or key in readers
        }
        return kind(**found) if strict else found

    return read


def _scalar_reader(kind: Any) -> Reader:
    """Return a reader for text, a number, a boolean or a member of an enum."""
    members = {one.value: one for one in kind} if issubclass(kind, StrEnum) else {}

    def find(value: object) -> object:
        if members:
            return members.get(value) if isinstance(value, str) else None
        if kind is int:
            return value if type(value) is int and 0 <= value <= _MOST else None
        if kind is float and isinstance(value, int | float) and type(value) is not bool:
            return float(value) if abs(value) <= _MOST else None  # nor where it is no number
        return None

    plain = kind in (str, bool)

    def read(value: object, name: str) -> Any:
        found = value if plain and type(value) is kind else find(value)
        if found is None:
            raise ValueError(f"{name} is no {_NAMES.get(kind, 'known word')}")
        return found

    return read
