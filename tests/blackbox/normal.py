"""What differs from run to run, replaced by what it is."""

from __future__ import annotations

import re
import socket
import time
from datetime import date, datetime
from pathlib import Path

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
_EPOCH = re.compile(r"(?<![\w.])\d{10}(?:\d{6})?(?:\.\d+)?(?![\w.])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SECONDS = re.compile(r'("(?:seconds|latency|age|oldest_age|uptime)": ?)\d+(?:\.\d+)?(?:e-?\d+)?')
_NAMED = re.compile(r'"operation": ?"([0-9a-f]{8})"')
_HOST = re.compile(rf"\b{re.escape(socket.gethostname())}\b")
_OPERATION = re.compile(r"\b[0-9a-f]{8}\b")
_AGE = re.compile(r"(?<![\w.:-])\d+(?:\.\d+)?(?:ms|[smhdwy])(?: \d+[smhdwy])?\b(?![.:-]\w)")
_SERVER = re.compile(r'("(?:memory|clients|version|product)": ?)("[^"]*"|\d+)')
_DAYS = re.compile(r'("days": ?\[)[^]]*\]')
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_YEAR = 366 * 86400
_THEN = {0: "<then>", 86400: "<then+1d>", 180 * 86400: "<then+180d>"}
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


class Normal:
    """Normalises the texts of one story."""

    def __init__(self, tmp: Path, url: str) -> None:
        """Know the story's directory and its Redis."""
        self.start = time.time()
        self.made = 0.0  # when a fixture was made that is gone on with
        self.tmp = tmp
        self.places = {url: "<url>", str(tmp): "<tmp>"}
        self.operations: dict[str, str] = {}

    def data(self, text: str) -> str:
        """Return text that programs read; learns of the operations in it."""
        for found in [*_NAMED.findall(text), *re.findall(r"jobctl:op:([0-9a-f]{8})", text)]:
            self.learn(found)
        return _columns(self.plain(text))

    def plain(self, text: str) -> str:
        """Return any text."""
        for place, name in self.places.items():
            text = text.replace(place, name)
        text = _OPERATION.sub(lambda found: self.operations.get(found[0], found[0]), text)
        text = _DAYS.sub(r"\1..]", _SERVER.sub(r"\1..", text))
        text = _UUID.sub("<uuid>", text)
        text = _RFC3339.sub(lambda found: self._moment(found[0], _unix(found[0])), text)
        text = _DAY.sub(lambda found: self._day(found[0]), text)
        text = _EPOCH.sub(lambda found: self._moment(found[0], _scaled(found[0])), text)
        text = _SECONDS.sub(r"\1<s>", text)
        return _HOST.sub("<host>", text)

    def talk(self, text: str) -> str:
        """Return text that people read: without ages, and what depends on their width."""
        text = _AGE.sub("<age>", self.data(text))
        text = re.sub(r"[─━]{3,}", "──", text)
        return re.sub(r" {2,}", "  ", text)

    def learn_files(self) -> None:
        """Learn the names of the operations in this story's files, the oldest first."""
        for file in sorted(self.tmp.rglob("*.jsonl"), key=lambda file: file.stat().st_mtime_ns):
            named = _NAMED.search(file.read_text("utf-8", "replace")[:200])
            self.learn(named[1] if named else file.stem)

    def learn(self, operation: str) -> None:
        """Give an operation a number."""
        self.operations.setdefault(operation, f"<op{len(self.operations) + 1}>")

    def _moment(self, text: str, at: float) -> str:
        """Return a moment as a distance from now, where it was made by this story."""
        for later, shown in _THEN.items():
            if -2 < at - self.made - later < 40:
                return shown
        away = at - self.start
        if not -60 < away < _YEAR:
            return text
        if away < 55:
            return "<now>"
        for unit, name in _UNITS:
            if abs(away / unit - round(away / unit)) * unit < 45:
                return f"<now+{round(away / unit)}{name}>"
        return "<later>"

    def _day(self, text: str) -> str:
        """Return a day of the last weeks by its distance."""
        away = (date.fromtimestamp(self.start) - date.fromisoformat(text)).days
        return f"<today-{away}>" if 0 <= away < 40 else text


def squeezed(text: str) -> str:
    """Return indented JSON with an object a line."""
    if not text.startswith(("{\n", "[\n")):
        return text
    deep = r"\n {2,}" if text.startswith("{") else r"\n {3,}"
    return re.sub(r"\n( *[]}])(?=[,\n]|$)", r"\1", re.sub(deep, " ", text))


def _columns(text: str) -> str:
    """Replace durations in csv and tsv, by the names in the first line."""
    head, _, rest = text.partition("\n")
    mark = "\t" if "\t" in head else ","
    names = head.split(mark)
    at = [i for i, name in enumerate(names) if name in ("seconds", "latency", "oldest_age")]
    if not at or " " in head:
        return text
    lines = [line.split(mark) for line in rest.split("\n")]
    for cells in lines:
        for i in at:
            if len(cells) == len(names) and cells[i]:
                cells[i] = "<s>"
    return "\n".join([head, *(mark.join(cells) for cells in lines)])


def _unix(text: str) -> float:
    text = text.replace("Z", "+00:00").replace(" ", "T")
    text = re.sub(r"(\.\d{6})\d+", r"\1", text)
    moment = datetime.fromisoformat(text)
    return moment.timestamp() if moment.tzinfo else datetime.fromisoformat(f"{text}Z").timestamp()


def _scaled(text: str) -> float:
    number = float(text)
    return number / 1e6 if number > 1e14 else number
