"""A server with as many clients as it takes says so on every kind of connection."""

import os

import pytest
import redis

from jobctl import connect, embedded
from jobctl.errors import RefusedByRedis


def test_a_full_server_is_told_from_one_that_has_stopped(tmp_path):
    server, _ = embedded.start(tmp_path / "server", environ=os.environ)
    clients = [redis.Redis(unix_socket_path=str(server.socket)) for _ in range(3)]
    try:
        for client in clients:
            client.ping()
        clients[0].config_set("maxclients", 1)
        for _ in range(10):  # it hangs up before the first command, or behind it
            with pytest.raises(RefusedByRedis, match="has as many clients as it takes"):
                connect(server.url)
        clients[0].config_set("maxclients", 100)
        connect(server.url).close()
    finally:
        for client in clients:
            client.close()
        embedded.stop(tmp_path / "server")
