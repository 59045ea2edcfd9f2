"""What a real server's MATCH lets through: the truth that patterns are held against."""

from __future__ import annotations

from collections.abc import Iterable

import redis
from hypothesis import HealthCheck, settings

# The database is asked anew for each example, so that one fixture serves them all.
ON_THE_SERVER = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)


def let_through(raw: redis.Redis, pattern: bytes, members: Iterable[bytes]) -> set[bytes]:
    """Return the members that ZSCAN MATCH yields."""
    with raw.pipeline(transaction=False) as asked:
        asked.delete("asked")
        asked.zadd("asked", dict.fromkeys(members, 0))
        asked.execute()
    return {member for member, _ in raw.zscan_iter("asked", match=pattern, count=1000)}
