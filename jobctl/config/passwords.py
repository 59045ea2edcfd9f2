"""The password of a context: what its command prints, or what its file begins with."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jobctl.config.contexts import Context
from jobctl.config.expanding import expand
from jobctl.errors import ConfigProblem

if TYPE_CHECKING:
    from subprocess import Popen

PATIENCE = 30.0  # seconds
_LONGEST = 64 * 1024  # bytes of what is read; a password has a few dozen
_LOOK = 0.05  # seconds


class Password:
    """A password that is asked for when it is needed, and once; no text of this shows it."""

    def __init__(self, ask: Callable[[], str]) -> None:
        """Make one; `ask` gets it."""
        self._ask = ask
        self._known: str | None = None

    def get(self) -> str:
        """Return it.

        Raises:
            ConfigProblem: the command or file gives none.
        """
        if self._known is None:
            self._known = self._ask()
        return self._known


def password_of(context: Context, environ: Mapping[str, str]) -> Password | None:
    """Return the password of a context, not asked for yet; None where it names none.

    Raises:
        ConfigProblem: a variable that is needed is not set.
    """
    command, file = context.password_command, context.password_file
    if command is not None:
        what = f"password_command of context {context.name}"
        if isinstance(command, str):
            # The shell expands it: by us, a secret would stand in the list of processes.
            words: Sequence[str] = ("/bin/sh", "-u", "-c", command)
        else:
            words = [expand(word, environ, what) for word in command]
        return Password(partial(_from_command, words, environ, what))
    if file is not None:
        what = f"password_file of context {context.name}"
        named = expand(file, environ, what)
        return Password(partial(_from_file, named, context.file.parent, what))
    return None


def _from_file(named: str, directory: Path, what: str) -> str:
    try:
        path = (directory / Path(named).expanduser()).absolute()
    except RuntimeError:  # ~nobody
        raise ConfigProblem(f"{what}: there is no such home directory") from None
    try:
        with path.open("rb") as file:
            raw = file.read(_LONGEST)
    except OSError as error:
        raise ConfigProblem(f"{what} cannot be read: {path}: {error.strerror}") from None
    except ValueError:
        raise ConfigProblem(f"{what} cannot be read: no path has a NUL in it") from None
    return _first_line(raw, what)


def _from_command(words: Sequence[str], environ: Mapping[str, str], what: str) -> str:
    import subprocess

    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,  # jobctl's own may hold JIDs
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,  # closed with ours, so that nothing it left behind goes on
            env=dict(environ),
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "there is a NUL in it"
        raise ConfigProblem(f"{what} cannot be run: {why}") from None
    try:
        printed = _hear(process, what)
        code = process.returncode
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    if code:
        ended = f"exit {code}" if code > 0 else f"signal {-code}"
        raise ConfigProblem(f"{what} failed ({ended})", hint="run it by hand to see what it says")
    return _first_line(printed, what)


def _hear(process: Popen[bytes], what: str) -> bytes:
    """Return what a program prints, as far as it is of use, when it has ended.

    What it says on stderr is dropped: it may hold the password, or what leads to it.
    """
    import selectors

    assert process.stdout is not None  # noqa: S101 (both are pipes)
    assert process.stderr is not None  # noqa: S101
    printed = b""
    end = time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdout, process.stderr):
            selector.register(pipe, selectors.EVENT_READ)
        while True:
            events = selector.select(_LOOK if selector.get_map() else _LOOK / 10)
            for key, _ in events:
                read = os.read(key.fd, _LONGEST)
                printed += read if key.fileobj is process.stdout else b""
                if not read:
                    selector.unregister(key.fileobj)
            if not events and process.poll() is not None:
                return printed  # not at the pipes' end: what it left in the background keeps them
            if len(printed) > _LONGEST:
                raise ConfigProblem(f"{what} prints more than any password has")
            if time.monotonic() > end:
                raise ConfigProblem(f"{what} gave no password within {PATIENCE:g} s")


def _first_line(raw: bytes, what: str) -> str:
    line = raw.partition(b"\n")[0].removesuffix(b"\r")
    if not line:
        raise ConfigProblem(f"{what} gives no password: its first line is empty")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise ConfigProblem(f"{what} gives a password that is not UTF-8") from None
