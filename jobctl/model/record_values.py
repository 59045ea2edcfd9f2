"""What may be written into a record, as the JSON text that Jobba writes for it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from jobctl.errors import UsageProblem
from jobctl.model.jobba import RecordState
from jobctl.model.jsontext import Number, dumps, loads
from jobctl.model.status import OF_RECORDS
from jobctl.model.words import did_you_mean

INDEXED = ("job_name", "job_args", "provider_job_id")  # a record is found by them
Progress = float | tuple[float, float | None]
_WHOLE = re.compile(r"0|-?[1-9]\d*", re.ASCII)
MOST_ARGS = 1000  # each has an index of its own, and all of them change at once


def read_state(word: str) -> RecordState:
    """Return the state of this name.

    Raises:
        UsageProblem: there is none; says which is near.
    """
    try:
        return RecordState(word)
    except ValueError:
        # By jobctl's enqueued queued is meant, though unqueued is more like it.
        own = next((state for state, other in OF_RECORDS.items() if other == word), None)
        hint = f"did you mean {own}?" if own else did_you_mean(word, list(RecordState))
        raise UsageProblem(f"no record is ever {word!r}", hint=hint) from None


def fields_json(values: Mapping[str, object]) -> dict[str, bytes]:
    """Return the texts of what is set: of the fields of a record, and of an error.

    Raises:
        UsageProblem: one is none that Jobba would keep.
    """
    return {field: field_json(field, value) for field, value in values.items()}


def field_json(field: str, value: object) -> bytes:
    """Return the text of one: job_name, job_args, provider_job_id, data, progress, error.

    Raises:
        UsageProblem: it is none that Jobba would keep.
    """
    if field == "progress":
        return _progress(value)
    if field == "job_args":
        return args_json(value)
    if field == "data":
        return value_json("the data", value)
    if field == "error":
        if value is None:
            raise UsageProblem("an error cannot be null")
        return value_json("the error", value) if value != "" else text_json("the error", "")
    number = isinstance(value, int | Number) and not isinstance(value, bool)
    if number and field == "provider_job_id":
        return dumps(value)
    what = "the name" if field == "job_name" else "the provider's job id"
    if not isinstance(value, str):
        raise UsageProblem(f"{what} is no text")
    return text_json(what, value)


def _progress(value: object) -> bytes:
    at, out_of = value if isinstance(value, tuple) else (value, None)
    if not isinstance(at, int | float) or not isinstance(out_of, int | float | None):
        raise UsageProblem("progress is a number, or one out of another")
    return progress_json(at, out_of)


def read_progress(text: str) -> Progress:
    """Read ``0.375`` or ``3/8``.

    Raises:
        UsageProblem: it is neither.
    """
    at, slash, out_of = text.partition("/")
    try:
        return (float(at), float(out_of)) if slash else float(at)
    except ValueError:
        raise UsageProblem(f"{text!r} is no progress", hint="0.375, or 3/8: 3 out of 8") from None


def read_provider(text: str) -> str | int | Number:
    """Read a provider's job id: a number where it is written as JSON writes whole ones."""
    if _WHOLE.fullmatch(text) is None:
        return text
    found = loads(text.encode())
    return found if isinstance(found, int | Number) else text


def progress_json(at: float, out_of: float | None = None) -> bytes:
    """Return a progress from 0 to 1, by the rules of Jobba: a fraction, or so many out of so many.

    Raises:
        UsageProblem: it is none.
    """
    if not math.isfinite(at) or (out_of is not None and not math.isfinite(out_of)):
        raise UsageProblem("progress is a number, and no endless one")
    if at < 0:
        raise UsageProblem(f"progress cannot be negative: {at:g}")
    if out_of is None and at > 1:
        raise UsageProblem(
            f"progress is from 0 to 1, and this is {at:g}", hint="out of how many? say it behind it"
        )
    if out_of is not None and out_of < at:
        raise UsageProblem(f"progress cannot be {at:g} out of {out_of:g}")
    if out_of == 0:
        raise UsageProblem("progress out of 0 is no number")
    return float_json(at / (1 if out_of is None else out_of))


def float_json(value: float) -> bytes:
    """Return a float as Ruby writes it: there is always a point in it."""
    mantissa, e, exponent = repr(float(value)).partition("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}{e}{exponent}".encode()


def text_json(what: str, value: str) -> bytes:
    """Return a text that is not empty.

    Raises:
        UsageProblem: it is empty, or no UTF-8; `what` it is, for the error.
    """
    if value == "":
        raise UsageProblem(f"{what} is empty", hint="is a variable unset in your script?")
    return dumps(_utf8(what, value))


def args_json(args: object) -> bytes:
    """Return the arguments of a job: texts by name.

    Raises:
        UsageProblem: one is no text, no UTF-8 or without a name, or there are too many.
    """
    if not isinstance(args, Mapping):
        raise UsageProblem("the arguments of a job are texts by name")
    merged_args({}, args)
    for name, value in args.items():
        if not isinstance(value, str):
            raise UsageProblem(f"the argument {name} is no text", hint="Jobba keeps texts alone")
        if name == "":
            raise UsageProblem(
                "an argument has no name", hint="is a variable unset in your script?"
            )
        _utf8("an argument", name)
        _utf8("an argument", value)
    return dumps(dict(args))


def merged_args(had: object, given: object) -> dict[str, object]:
    """Return arguments with others put beside them; what is there and is none counts as nothing.

    Raises:
        UsageProblem: there are too many.
    """
    merged = {k: v for each in (had, given) if isinstance(each, Mapping) for k, v in each.items()}
    if len(merged) > MOST_ARGS:
        raise UsageProblem(f"a record has at most {MOST_ARGS:,} arguments, not {len(merged):,}")
    return merged


def value_json(what: str, value: object) -> bytes:
    """Return any value.

    Raises:
        UsageProblem: JSON cannot say it; `what` it is, for the error.
    """
    try:
        text = dumps(value)
    except (TypeError, ValueError) as error:
        raise UsageProblem(f"{what} cannot be written as JSON: {error}") from None
    return text


def _utf8(what: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageProblem(f"{what} is no UTF-8: {value!r}") from None
    return value
