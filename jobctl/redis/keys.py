"""jobctl's own keys, and how long they live. The job systems' are in jobctl/systems."""

from __future__ import annotations

DEMO = "jobctl:demo"  # unix seconds that the demo data was made for
IDENTITY = "jobctl:server"  # tells one database from another, written at the first change
CLAIM = "claim"  # field of an operation's hash: who has claimed it
SERVER_VERSION = "jobctl:faktory"  # the version of the Faktory server seen at the last change
KEPT = 7 * 86400  # seconds that an operation's results are kept after its last batch


def operation_key(operation: str) -> str:
    """Return the hash of an operation: number of each batch that was applied -> its result."""
    return f"jobctl:op:{operation}"


PAUSES = "jobctl:paused"  # a hash: queue -> who paused it, when and why; lives as the pause does


def hold_key(queue: str) -> str:
    """Return the hash of the leases of a queue; kept for `KEPT` after the last heartbeat."""
    return f"jobctl:hold:{queue}"


def aside_key(operation: str, round_number: int, key: bytes) -> bytes:
    """Return the key that a list is renamed to while its queue is removed."""
    return b"%b:removed:%d:%b" % (operation_key(operation).encode(), round_number, key)


def back_key(operation: str, key: bytes) -> bytes:
    """Return the key at which a list is rebuilt before it goes back."""
    return b"%b:back:%b" % (operation_key(operation).encode(), key)
