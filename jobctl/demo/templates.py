"""The shop of population.toml, the templates in it, and the programs that write its jobs."""

from __future__ import annotations

import json
import re
import string
import tomllib
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from random import Random
from typing import Any

from jobctl.model.times import parse_duration

SECOND = 10**9  # times are integer nanoseconds since the epoch, as fine as the server's stamps
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_DIGITS = {"hex": "0123456789abcdef", "base64": string.ascii_letters + string.digits + "-_"}

Row = dict[str, Any]
SHOP: Row = tomllib.loads(Path(__file__).with_name("population.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Sampler:
    """Fills templates and draws spans of time."""

    rng: Random

    def span(self, text: str) -> int:
        """Return the nanoseconds of ``40m``, or draw some of ``2m..2d``."""
        first, *last = (int(parse_duration(part) * SECOND) for part in text.split(".."))
        return self.rng.randrange(first, last[0]) if last else first

    def fill(self, template: Any) -> Any:
        """Return a template of population.toml with its placeholders drawn, from left to right."""
        if isinstance(template, str):
            alone = _PLACEHOLDER.fullmatch(template)
            if alone:
                return self._draw(alone[1])
            return _PLACEHOLDER.sub(lambda found: str(self._draw(found[1])), template)
        if isinstance(template, list):
            return [self.fill(item) for item in template]
        if isinstance(template, dict):
            return {key: self.fill(value) for key, value in template.items()}
        return template

    def _draw(self, placeholder: str) -> object:
        if placeholder in SHOP["words"]:
            return self.rng.choice(SHOP["words"][placeholder])
        alphabet, _, length = placeholder.partition(":")
        if length:
            return "".join(self.rng.choices(_DIGITS[alphabet], k=int(length)))
        first, _, end = placeholder.partition("..")
        return self.rng.randrange(int(first), int(end))


@dataclass(frozen=True, slots=True)
class Writer:
    """A program that writes jobs: its order of keys, its jids, its times, its JSON."""

    keys: list[str]
    jid: str
    digits: int  # of a second's fraction
    zone: str = "Z"
    compact: bool = True
    escaped: str = ""  # characters written as \uXXXX

    def cut(self, at: int) -> int:
        """Return a time without the digits that this program does not write."""
        step: int = 10 ** (9 - self.digits)
        return at - at % step

    def rfc3339(self, at: int) -> str:
        """Return a time as this program writes it."""
        zone = time.fromisoformat(f"00:00{self.zone}").tzinfo
        seconds = datetime.fromtimestamp(at // SECOND, zone).strftime("%Y-%m-%dT%H:%M:%S")
        digits = f"{at % SECOND:09d}"[: self.digits]
        if self.zone == "Z" or not digits.strip("0"):  # Python drops no zeros but a whole zero
            digits = digits.rstrip("0")
        return f"{seconds}.{digits}{self.zone}" if digits else seconds + self.zone

    def json(self, value: object) -> bytes:
        """Return a job as this program writes it."""
        separators = (",", ":") if self.compact else None
        text = json.dumps(value, separators=separators, ensure_ascii=not self.compact)
        return text.translate({ord(char): f"\\u{ord(char):04x}" for char in self.escaped}).encode()


WRITERS = {name: Writer(**table) for name, table in SHOP["writers"].items()}
