"""Which order and which part of the records somebody asks for, checked."""

from __future__ import annotations

from jobctl.actions.listing import Order, Page
from jobctl.errors import UsageProblem
from jobctl.model.record import ROW_KEYS


def order_of(sort: str | None, reverse: bool) -> Order:
    """Return an order.

    Raises:
        UsageProblem: records have no such key.
    """
    if sort is not None and sort not in ROW_KEYS:
        from jobctl.model.words import did_you_mean

        raise UsageProblem(f"records have no field {sort!r}", hint=did_you_mean(sort, ROW_KEYS))
    return Order(sort, reverse)


def page_of(limit: int | None, offset: int | None) -> Page:
    """Return a page.

    Raises:
        UsageProblem: a number is negative, or there is an offset and no limit.
    """
    for name, number in (("limit", limit), ("offset", offset)):
        if number is not None and number < 0:
            raise UsageProblem(f"{name} is negative: {number}")
    if offset and limit is None:
        raise UsageProblem("offset without limit", hint="say how many records are wanted behind it")
    return Page(offset or 0, limit)
