"""Regular expressions that people type."""

from __future__ import annotations

import re
import warnings

from jobctl.errors import BadFilter


def compile_regex(text: str, option: str, at: tuple[str, int] | None = None) -> re.Pattern[str]:
    """Compile one.

    Args:
        text: the expression.
        option: what it was given with, for the error.
        at: what was typed, and where in it the expression is; without it, the expression itself.

    Raises:
        BadFilter: it is none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a later Python may read otherwise: [[a]
            return re.compile(text)
    except re.error as error:
        raise BadFilter(
            f"{option} is not a regular expression: {error.msg}", at=at or (text, error.pos or 0)
        ) from None
    except (OverflowError, RecursionError):
        raise BadFilter(f"{option} is a regular expression beyond all bounds") from None
