"""Decoded JSON read as the types it was written from: files may have been changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

_MOST = 1 << 53  # what a JSON number holds exactly
_NAMES = {str: "text", int: "count", float: "number", bool: "true or false", dict: "object"}


def typed(kind: Any, value: object, name: str) -> Any:
    """Return a value as a type: dataclasses, TypedDicts, enums, and lists and dicts of these.

    Integers are counts (0 to 2^53), floats are no larger than that. A TypedDict may have more keys
    than are known, a dataclass may not.

    Args:
        kind: the type; of unions only those with None.
        value: decoded JSON.
        name: what it is called in errors.

    Raises:
        ValueError: it is not of that type; says what is wrong with which part.
    """
    kinds = get_args(kind)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        rest = next(one for one in kinds if one is not NoneType)
        return None if value is None else typed(rest, value, name)
    if isinstance(value, list) and origin in (list, tuple):
        return origin(typed(kinds[0], item, name) for item in value)
    if isinstance(value, dict) and origin is dict:
        return {key: typed(kinds[1], item, f"{name}.{key}"[:80]) for key, item in value.items()}
    if isinstance(value, dict) and (is_typeddict(kind) or is_dataclass(kind)):
        return _object(kind, value, name)
    found = _scalar(kind, value)
    if found is None:
        raise ValueError(f"{name} is no {_NAMES.get(kind, 'list' if kinds else 'known value')}")
    return found


def _object(kind: Any, value: Mapping[str, object], name: str) -> Any:
    known, required = _fields(kind)
    missing = required.difference(value)
    if missing:
        raise ValueError(f"{name} has no {min(missing)}")
    if is_typeddict(kind):
        value = {key: item for key, item in value.items() if key in known}
    elif not known.keys() >= value.keys():
        raise ValueError(f"{name} has fields that are not known")
    return kind(**{key: typed(known[key], item, f"{name}.{key}") for key, item in value.items()})


@cache
def _fields(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the types of a class's fields, and which of them must be there."""
    if is_typeddict(kind):
        return get_type_hints(kind), kind.__required_keys__
    no_default = (f.name for f in fields(kind) if f.default is f.default_factory is MISSING)
    return get_type_hints(kind), frozenset(no_default)


def _scalar(kind: Any, value: object) -> object:
    """Return text, a number, a truth value or a member of an enum; None where it is none."""
    if kind is float and isinstance(value, int | float) and type(value) is not bool:
        return float(value) if abs(value) <= _MOST else None  # also where it is no number at all
    if kind is int:
        return value if type(value) is int and 0 <= value <= _MOST else None
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return next((one for one in kind if one == value), None)
    return value if kind in (str, bool) and type(value) is kind else None
