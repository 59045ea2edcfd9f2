"""What a job system is to jobctl: how it is recognised, its names and forms, and what it can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jobctl.model.layout import Layout, System

Types = Mapping[str, str]  # key -> its type, as TYPE answers it

_NAMED = 3  # keys in a sentence


@dataclass(frozen=True, slots=True)
class Marks:
    """The keys by which a job system is recognised.

    Attributes:
        keys: keys that only this system has, and their types.
        list_prefix: what stands before the names of queues in the keys of their lists.
    """

    keys: Types
    list_prefix: str

    def seen(self, types: Types) -> Types:
        """Return those of these keys that are this system's alone."""
        fixed = {key: kind for key, kind in self.keys.items() if types.get(key) == kind}
        return fixed | {
            key: kind
            for key, kind in types.items()
            if key.startswith(self.list_prefix) and kind == "list"
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """The keys that were seen and that only one job system has, with their types."""

    system: System
    keys: Types

    def __bool__(self) -> bool:
        return bool(self.keys)

    def __str__(self) -> str:
        shown = [f"{key}: {kind}" for key, kind in list(self.keys.items())[:_NAMED]]
        return ", ".join(shown) + (", .." if len(self.keys) > _NAMED else "")


@dataclass(frozen=True, slots=True)
class JobSystem:
    """A job system that jobctl tells apart from others.

    Attributes:
        marks: how it is recognised.
        layout: its names and forms; None where its jobs are not served yet.
    """

    marks: Marks
    layout: Layout | None = None
