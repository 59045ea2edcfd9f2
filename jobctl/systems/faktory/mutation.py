"""Read Faktory's MUTATE document as its author means it.

The server takes ``{}``, an empty list of jids and unknown keys for "everything". Here only a
filter that is not there means everything, and whatever is not understood is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from jobctl.errors import UsageProblem
from jobctl.filter.where import Flags
from jobctl.model.jsontext import bounded_nesting
from jobctl.model.layout import Kind
from jobctl.model.verbs import SETS_WITH_VERBS, Verb
from jobctl.model.words import did_you_mean

_COMMANDS = (Verb.KILL, Verb.DISCARD, Verb.REQUEUE, Verb.CLEAR)
_KEYS = ("cmd", "target", "filter")
_COMMAND = re.compile(r"\A\s*MUTATE(?=[\s{])\s*")
_FILTERS = ("jobtype", "jids", "regexp")

Pairs = list[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Mutation:
    """What a document asks for; without `flags` every job is meant."""

    verb: Verb
    target: Kind
    flags: Flags | None


def read_mutation(text: str | bytes) -> Mutation:
    """Read a MUTATE document: cmd, target, filter {jobtype, jids, regexp}.

    All that a filter names must hold. A regexp is a Redis glob over the payload; a ``[`` that is
    never closed stands for itself in it, as in Faktory's own example ``*"args":["bob"*``: to
    Redis it would be a class up to the end, and match nothing that was meant.

    The word MUTATE may stand in front, as in the command that a server is sent.

    Raises:
        UsageProblem: it is none, or says what is not understood; names the key.
    """
    document = _object(_decoded(text), "the document", _KEYS)
    verb = Verb(_one_of(document, "cmd", _COMMANDS))
    target = Kind(_one_of(document, "target", SETS_WITH_VERBS))
    if "filter" not in document:
        return Mutation(verb, target, None)
    if verb is Verb.CLEAR:
        raise UsageProblem("clear takes no filter: it removes everything", hint="cmd discard does")
    return Mutation(verb, target, _flags(document["filter"]))


def _flags(value: object) -> Flags:
    found = _object(value, "filter", _FILTERS)
    if not found:
        raise UsageProblem(
            "filter is empty: that would mean every job", hint="leave filter out if you mean that"
        )
    jids = _jids(found["jids"]) if "jids" in found else None
    jobtype = (_text(found["jobtype"], "filter.jobtype"),) if "jobtype" in found else ()
    regexp = (_glob(_text(found["regexp"], "filter.regexp")),) if "regexp" in found else ()
    return Flags(jobtypes=jobtype, jids=jids, globs=regexp, exact=True)


def _jids(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise UsageProblem("filter.jids must be an array of strings", hint='["123456789"]')
    if not value:
        raise UsageProblem(
            "filter.jids is empty: to Faktory that means every job",
            hint="leave jids out, or name some",
        )
    return tuple(_text(jid, "filter.jids") for jid in value)


def _text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise UsageProblem(f"{key} must be a string, not {_kind(value)}")
    if value == "":
        raise UsageProblem(f"{key} is empty", hint="leave it out if you mean any")
    return value


def _glob(text: str) -> str:
    """Return a glob whose brackets without an end stand for themselves."""
    out, i = "", 0
    while i < len(text):
        if text[i] == "\\" and i + 1 < len(text):
            out, i = out + text[i : i + 2], i + 2
            continue
        end = _class_end(text, i) if text[i] == "[" else i + 1
        out, i = (out + "\\[", i + 1) if end is None else (out + text[i:end], end)
    return out


def _class_end(text: str, start: int) -> int | None:
    """Return where a class ends, by Redis' rules; None if it never does."""
    i = start + 1 + text.startswith("^", start + 1)
    while i < len(text) and text[i] != "]":
        if text[i] == "\\" and i + 1 < len(text):
            i += 2
        elif text[i + 1 : i + 2] == "-" and i + 2 < len(text):
            i += 3
        else:
            i += 1
    return i + 1 if i < len(text) else None


def _one_of(document: dict[str, object], key: str, allowed: Iterable[str]) -> str:
    names = [str(name) for name in allowed]
    if key not in document:
        raise UsageProblem(f"{key} is missing", hint=f"one of: {', '.join(names)}")
    value = document[key]
    if not isinstance(value, str):
        raise UsageProblem(f"{key} must be a string, not {_kind(value)}")
    if value not in names:
        raise UsageProblem(f"{key}: there is no {value!r}", hint=did_you_mean(value, names))
    return value


def _object(value: object, what: str, known: tuple[str, ...]) -> dict[str, object]:
    """Return an object's keys and values, all of them known, none of them twice."""
    if not isinstance(value, _Pairs):
        raise UsageProblem(f"{what} must be an object, not {_kind(value)}")
    found: dict[str, object] = {}
    for key, item in value.pairs:
        if key in found:
            raise UsageProblem(f"{what} has the key {key!r} twice")
        if key not in known:
            hint = did_you_mean(key, known)
            raise UsageProblem(f"{what} has an unknown key {key!r}", hint=hint)
        found[key] = item
    return found


@dataclass(frozen=True, slots=True)
class _Pairs:
    pairs: Pairs


def _decoded(text: str | bytes) -> object:
    try:
        document = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError:
        raise UsageProblem("the document is not UTF-8") from None
    document = _COMMAND.sub("", document)
    if not document.strip():
        raise UsageProblem("the document is empty", hint='{"cmd":"kill","target":"retries"}')
    try:
        # The standard json: it keeps keys that come twice, and knows where a mistake is.
        with bounded_nesting(document):
            return json.loads(document, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        line = document.splitlines()[error.lineno - 1] if document.splitlines() else document
        raise UsageProblem(
            f"the document is not JSON: {error.msg}", at=(line, error.colno - 1)
        ) from None
    except ValueError as error:
        raise UsageProblem(f"the document cannot be read: {error}") from None


def _kind(value: object) -> str:
    kinds = {str: "a string", bool: "true or false", list: "an array", type(None): "null"}
    return kinds.get(type(value), "an object" if isinstance(value, _Pairs) else "a number")
