"""What an edit of a file of cron entries would make worse."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobctl.cron.clock import Clock
from jobctl.cron.document import Document
from jobctl.cron.entry import Crontab, Flavour
from jobctl.cron.finding import Code, Finding
from jobctl.cron.loading import load, load_parsed
from jobctl.cron.parsing import Parsed
from jobctl.cron.reading import read_documents
from jobctl.cron.timed import with_time

FOLDER = "conf.d"
# What a file alone does not tell: the others of its folder may have it.
_OF_THE_WHOLE = (Code.FLAVOUR, Code.PLUGIN_OFF, Code.NO_ENTRIES, Code.NO_EFFECT, Code.BAD_UNIQUE)
_NUMBER = re.compile(r"\d[\d,]*")


@dataclass(frozen=True, slots=True)
class Edited:
    """A file before and after an edit.

    Attributes:
        before: what it was; None where there was none.
        after: what it would be.
        worse: what is wrong with it afterwards, and was not before.
    """

    before: Crontab | None
    after: Crontab
    worse: tuple[Finding, ...]


def judge(
    path: str,
    old: Parsed | None,
    new: Parsed,
    now: int,
    local: Clock,
    flavour: Flavour | None = None,
) -> Edited:
    """Compare what the server says of a file before and after an edit.

    Of a file in a folder named ``conf.d``, which the server reads as one document with the others
    there, that document is compared as well.

    Args:
        path: of the file.
        old: what it is; None where there was none.
        new: what it would be.
        now: unix seconds; when entries fire is looked at in the year after it.
        local: the server's own clock.
        flavour: whose file it is; without it, what the whole looks like.

    Raises:
        BadCronFile: another file of the folder cannot be read.
    """
    more: list[Finding] = []
    # Links stay as they are: the server takes the names that it finds in the folder.
    in_folder = Path(os.path.abspath(path)).parent.name == FOLDER and path.endswith(".toml")  # noqa: PTH100
    if in_folder:
        was, becomes = _whole(path, None if old is None else old.document.raw, new.document.raw)
        whole = load(becomes, flavour)
        flavour = whole.flavour
        there = with_time(load(was, flavour), now, local).findings if was.parts else ()
        more = _new(there, with_time(whole, now, local).findings)
    before = None if old is None else with_time(load_parsed(old, flavour), now, local)
    after = with_time(load_parsed(new, flavour), now, local)
    worse = _new(before.findings if before else (), after.findings)
    if in_folder:
        worse = [each for each in worse if each.code not in _OF_THE_WHOLE]
        known = {_alike(each) for each in worse}
        worse += [each for each in more if _alike(each) not in known]
    return Edited(before, after, tuple(worse))


def _whole(path: str, old: bytes | None, new: bytes) -> tuple[Document, Document]:
    """Return the document of a folder before and after."""
    folder, name = Path(path).parent, Path(path).name
    others: list[tuple[str, bytes]] = []
    if any(file.name.endswith(".toml") for file in folder.iterdir()):
        parts = read_documents([str(folder)])[0].parts
        others = [part for part in parts if Path(part[0]).name != name]
    return (
        _document(others if old is None else [*others, (path, old)]),
        _document([*others, (path, new)]),
    )


def _document(parts: Sequence[tuple[str, bytes]]) -> Document:
    ordered = sorted(parts, key=lambda part: os.fsencode(Path(part[0]).name))
    return Document.of(ordered, directory=True)


def _new(before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
    """Return the findings that were not there before; their lines and numbers may be others."""
    known = Counter(_alike(each) for each in before)
    found = []
    for each in after:
        key = _alike(each)
        if known[key]:
            known[key] -= 1
        else:
            found.append(each)
    return found


def _alike(finding: Finding) -> tuple[str, str]:
    return finding.code, _NUMBER.sub("#", finding.message)
