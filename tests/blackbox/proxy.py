"""A socket before Redis that breaks when the first batch has been applied, its answer unread."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path


class Proxy:
    """Passes everything on, until `broken_when` is true; then `on_break` is called, once."""

    def __init__(self, listen: Path, redis: Path) -> None:
        """Listen on one path for what goes to the other."""
        self.redis = redis
        self.url = f"unix://{listen}"
        self.broken_when: Callable[[], bool] | None = None
        self.on_break: Callable[[], None] = lambda: None
        self.broken = False  # while it is, nobody is let in
        self._pairs: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(listen))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Close everything."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._pairs:
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.broken:
                    client.close()
                    continue
                upstream = socket.socket(socket.AF_UNIX)
                upstream.connect(str(self.redis))
                self._pairs += client, upstream
                threading.Thread(
                    target=self._requests, args=(client, upstream), daemon=True
                ).start()
                threading.Thread(target=self._answers, args=(client, upstream), daemon=True).start()

    def _requests(self, client: socket.socket, upstream: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := client.recv(65536):
                upstream.sendall(chunk)
        _hang_up(upstream)

    def _answers(self, client: socket.socket, upstream: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := upstream.recv(65536):
                if self.broken_when is not None and self.broken_when():
                    self.broken, self.broken_when = True, None
                    self.on_break()
                    break
                client.sendall(chunk)
        _hang_up(client)
        _hang_up(upstream)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
