"""An order for JSON values of any type, so that odd data never stops a sort."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from jobctl.model.jsontext import Number, text_of
from jobctl.model.times import Instant

SortKey = tuple[int, float | Decimal, str]


def sort_key(value: object) -> SortKey:
    """Return a key: numbers by value, then times, then other text, then the rest as JSON."""
    if isinstance(value, bool):
        return (3, 0.0, text_of(value))
    if isinstance(value, int | float | Number):
        return (0, _exact(value.text) if isinstance(value, Number) else value, str(value))
    if isinstance(value, str):
        moment = Instant.parse(value)
        return (2, 0.0, value) if moment is None else (1, moment.seconds, moment.digits)
    return (4, 0.0, text_of(value))


def _exact(text: str) -> float | Decimal:
    """Return a long number; int, float and Decimal compare exactly with each other."""
    try:
        return Decimal(text)
    except InvalidOperation:  # its exponent is beyond even that
        return float(text)
