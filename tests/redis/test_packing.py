"""Commands are sent as hiredis would pack them, however they are put together."""

import hiredis
import pytest

from jobctl.redis.connection import pack

ALIKE = [b"%036d" % i for i in range(100)]


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "key"),
        ("ZADD", b"key", 1, 2.5, "Zoë", b"\xff\x00\r\n"),
        ("SMISMEMBER", b"key", *ALIKE),
        ("SMISMEMBER", "key", *ALIKE[:31], b"longer" * 10, *ALIKE),
        ("SADD", b"key", *ALIKE, "text of the same length as the others"),
        ("SADD", b"key", *[b""] * 50),
        ("EXISTS", *ALIKE),
        (b"ZADD", b"key", *range(50)),
    ],
    ids=lambda command: str(command)[:40],
)
def test_a_command_is_packed_as_hiredis_does_it(command):
    assert pack([command, ("PING",)]) == [hiredis.pack_command(command) + b"*1\r\n$4\r\nPING\r\n"]


def test_a_large_word_is_sent_without_a_copy():
    large = b"x" * 5_000_000
    command = ("EVAL", "return 1", 0, "é", 2.5, large)
    pieces = pack([command])
    assert b"".join(pieces) == hiredis.pack_command(command)
    assert any(piece is large for piece in pieces)
