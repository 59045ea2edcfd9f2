"""Everything a Redis holds, in lines that can be compared and read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import redis

SHOWN = 30  # of a longer value: its ends and a hash
_OWN = (
    b"jobctl:op:",
    b"jobctl:hold:",
    b"jobctl:server",
)  # what is in them may change with versions
_READS: dict[bytes, Callable[[Any, bytes], object]] = {
    b"zset": lambda pipe, key: pipe.zrange(key, 0, -1, withscores=True),
    b"list": lambda pipe, key: pipe.lrange(key, 0, -1),
    b"set": lambda pipe, key: pipe.smembers(key),
    b"hash": lambda pipe, key: pipe.hgetall(key),
    b"string": lambda pipe, key: pipe.get(key),
}


class Keyspace:
    """Reads a Redis again and again, and tells which keys have changed."""

    def __init__(self, raw: redis.Redis, normal: Callable[[str], str]) -> None:
        """Give each member that is there now a short name: its JID."""
        self.raw, self.normal = raw, normal
        self.names: dict[bytes, str] = {}
        self.seeds: dict[str, str] = {}
        for key in raw.scan_iter():
            kind = raw.type(key)
            if kind == b"zset" and not key.startswith(b"jobba:"):
                self._name(raw.zrange(key, 0, -1))
            elif kind == b"list":
                self._name(raw.lrange(key, 0, -1))
        self.last = self.read()

    def read(self) -> dict[str, str]:
        """Return each key's value as text; of many keys of a kind, all in one."""
        keys = sorted(self.raw.scan_iter(count=5000))
        with self.raw.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.type(key).ttl(key)
            found = pipe.execute()
            kinds, lives = found[::2], found[1::2]
            for key, kind in zip(keys, kinds, strict=True):
                _READS[kind](pipe, key)
            values = pipe.execute()
        texts: dict[str, dict[str, str]] = {}
        for key, kind, lives_for, value in zip(keys, kinds, lives, values, strict=True):
            name = self.normal(_text(key))
            text = self._value(key, kind, value) + (" (expires)" if lives_for >= 0 else "")
            texts.setdefault(name.rpartition(":")[0], {})[name] = text
        lines: dict[str, str] = {}
        for prefix, each in texts.items():
            digest = _digest([f"{name} {text}" for name, text in each.items()])
            lines |= {f"{prefix}:*": f"{len(each)} keys, {digest}"} if len(each) > SHOWN else each
        return lines

    def changes(self, *, remember: bool = True) -> list[str]:
        """Return a line for each key whose value is another than when last remembered."""
        now, before = self.read(), self.last
        if remember:
            self.last = now
        lines = [f"  {key} {value}" for key, value in now.items() if before.get(key) != value]
        return lines + [f"  {key} is gone" for key in before if key not in now]

    def _name(self, members: list[bytes]) -> None:
        for member in members:
            name = _jid(member) or f"odd-{len(member)}"
            self.names[member] = name
            self.seeds[name] = self.normal(_text(member))

    def _value(self, key: bytes, kind: bytes, value: Any) -> str:
        """Return a value as one line of text."""
        if key.startswith(_OWN):
            return f"{kind.decode()}: .."
        if kind == b"zset":
            items = [f"{self._member(m)}@{self.normal(f'{score:.17g}')}" for m, score in value]
        elif kind == b"list":
            items = [self._member(member) for member in value]
        elif kind == b"set":
            items = sorted(self._member(member) for member in value)
        elif kind == b"hash":
            items = [f"{_text(name)}={self._member(text)}" for name, text in sorted(value.items())]
        else:
            items = [self._member(value)]
        if len(items) > SHOWN:
            items = [items[0], "..", items[-1], f"({len(items)}, {_digest(items)})"]
        return f"{kind.decode()}: {' '.join(items)}"

    def _member(self, member: bytes) -> str:
        """Return a member's name; of changed bytes the part between what begins and ends alike."""
        if member in self.names:
            return self.names[member]
        new, name = self.normal(_text(member)), _jid(member)
        old = self.seeds.get(name, "")
        if not old:
            return new
        start = _alike(old, new)
        end = _alike(old[start:][::-1], new[start:][::-1])
        return f"{name}[{start}:{len(old) - end}={new[start : len(new) - end]}]"


def _alike(one: str, other: str) -> int:
    """Return for how many characters two texts begin alike."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _jid(member: bytes) -> str:
    """Return the JID of a job or a reservation; empty for what is neither."""
    try:
        document = json.loads(member)
        return str(document.get("job", document)["jid"])
    except (ValueError, AttributeError, KeyError, TypeError):
        return ""


def _digest(texts: list[str]) -> str:
    return f"sha1 {hashlib.sha1('; '.join(texts).encode()).hexdigest()[:12]}"


def _text(raw: bytes) -> str:
    """Return bytes as printable text on one line."""
    return raw.decode("utf-8", "backslashreplace").replace("\n", "\\n")
