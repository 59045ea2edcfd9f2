"""What is known of a Redis server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A server's own words about itself. Memory in bytes, uptime in seconds."""

    product: str
    version: str
    role: str
    uptime: int
    memory: int
    memory_limit: int | None
    clients: int
