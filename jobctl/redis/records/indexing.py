"""The keys of the indexes that lead to a record."""

from __future__ import annotations

from collections.abc import Iterable

from jobctl.model.jobba import MOMENTS, RecordLayout, RecordState
from jobctl.model.jsontext import text_of


def fixed_indexes(layout: RecordLayout) -> list[bytes]:
    """Return the sets of the states and of the times, in the order that the scripts know."""
    return [*map(layout.state, RecordState), *map(layout.moment, MOMENTS)]


def value_indexes(layout: RecordLayout, field: str, value: object) -> list[bytes]:
    """Return the sets that lead to a record by the value of a field, each once.

    Args:
        layout: the keys.
        field: job_name, job_args or provider_job_id.
        value: decoded; what Jobba never writes is named as its interpolation in a text would be.
    """
    if field == "job_args":
        values = value.values() if isinstance(value, dict) else ()
        return _once(layout.job_arg(_text(each)) for each in values)
    if value is None:
        return []
    named = layout.job_name if field == "job_name" else layout.provider_job_id
    return [named(_text(value))]


def _text(value: object) -> str:
    return "" if value is None else text_of(value)


def _once(keys: Iterable[bytes]) -> list[bytes]:
    return list(dict.fromkeys(keys))
