"""Secrets: ``${VAR}`` in config.toml, passwords of contexts, and URLs without their passwords."""

from __future__ import annotations

import os
import re
import selectors
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from jobctl.config.contexts import Context
from jobctl.errors import BadUrl, ConfigProblem
from jobctl.model.target import Address, Target
from jobctl.model.url_parameters import SECRET

if TYPE_CHECKING:
    from subprocess import Popen

Password = Callable[[], str]  # raises ConfigProblem where its command or file gives none

_VARIABLE = r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}"
_DOLLAR = re.compile(rf"\$\$|{_VARIABLE}|\$\{{")
_SECRET_PARAMETER = re.compile(rf"([?&](?:{'|'.join(SECRET)})=)([^&#]*)")
_HIDDEN = "***"
MALFORMED = "(malformed)"
PATIENCE = 30.0  # seconds that a password command may take
_LONGEST = 64 * 1024  # bytes read for a password
_POLL = 0.05  # seconds


def expand(text: str, environ: Mapping[str, str], subject: str) -> str:
    """Replace each ``${VAR}`` with its value, and ``$$`` with a dollar sign.

    Args:
        text: as it stands in the file.
        environ: the environment; an empty variable counts as unset: a URL without its host would
            mean this machine.
        subject: the key and its context; errors begin with it.

    Raises:
        ConfigProblem: a variable is not set, or ``${`` is not followed by a name and ``}``.
    """

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        if found[1] is None:
            raise ConfigProblem(
                f"{subject}: '${{' begins no ${{VARIABLE}}", hint="$$ stands for a dollar sign"
            )
        if not environ.get(found[1]):
            state = "empty" if found[1] in environ else "not set"
            raise ConfigProblem(
                f"{subject} needs the variable {found[1]}, which is {state}",
                hint=f"export {found[1]}=.., or write $$ where a dollar sign is meant",
            )
        return environ[found[1]]

    return _DOLLAR.sub(value, text)


def shown_url(text: str, kind: type[Target | Address]) -> str:
    """Return a URL without its password, its variables unexpanded; never raises."""
    if any(found[1] is not None for found in _DOLLAR.finditer(text)):
        return _hide_secrets(text)
    try:
        return str(kind.parse(text.replace("$$", "$")))
    except BadUrl:
        return MALFORMED


def has_password(url: str, kind: type[Target | Address]) -> bool:
    """Check whether a URL has a password; a malformed one has none."""
    try:
        return kind.parse(url).password is not None
    except BadUrl:
        return False


def _hide_secrets(text: str) -> str:
    """Hide possible secrets in a URL that cannot be parsed before its variables are known."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return text if _only_variables(text) else MALFORMED
    login, at, where = rest.rpartition("@")  # a password may have an @ in it, and a / by mistake
    if at:
        user, colon, password = login.partition(":")
        if not colon:  # a user alone is most often a password in the wrong place
            user = _hide(user)
        elif password:
            password = _hide(password)
        rest = f"{user}{colon}{password}@{where}"
    rest = _SECRET_PARAMETER.sub(lambda found: found[1] + _hide(found[2]), rest)
    return f"{scheme}://{rest}"


def _hide(text: str) -> str:
    return text if _only_variables(text) else _HIDDEN


def _only_variables(text: str) -> bool:
    return re.fullmatch(rf"({_VARIABLE})+", text) is not None


def password_of(context: Context, environ: Mapping[str, str]) -> Password | None:
    """Return a function that reads the password of a context, once; None if it names none.

    Raises:
        ConfigProblem: a variable that is needed is not set.
    """
    command, file = context.password_command, context.password_file
    if command is not None:
        subject = f"password_command of context {context.name}"
        if isinstance(command, str):
            # The shell expands it: expanded here, a secret would be in the list of processes.
            words: Sequence[str] = ("/bin/sh", "-u", "-c", command)
        else:
            words = [expand(word, environ, subject) for word in command]
        return cache(partial(_from_command, words, environ, subject))
    if file is not None:
        subject = f"password_file of context {context.name}"
        named = expand(file, environ, subject)
        return cache(partial(_from_file, named, context.file.parent, subject))
    return None


def _from_file(named: str, directory: Path, subject: str) -> str:
    try:
        path = (directory / Path(named).expanduser()).absolute()
    except RuntimeError:  # ~nobody
        raise ConfigProblem(f"{subject}: there is no such home directory") from None
    try:
        with path.open("rb") as file:
            raw = file.read(_LONGEST)
    except OSError as error:
        raise ConfigProblem(f"{subject} cannot be read: {path}: {error.strerror}") from None
    except ValueError:
        raise ConfigProblem(f"{subject} cannot be read: no path has a NUL in it") from None
    return _first_line(raw, subject)


def _from_command(words: Sequence[str], environ: Mapping[str, str], subject: str) -> str:
    import subprocess  # 2 ms, needed only for this

    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,  # jobctl's own may hold JIDs
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,  # closed at the end, so that nothing left behind writes to it
            env=dict(environ),
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "there is a NUL in it"
        raise ConfigProblem(f"{subject} cannot be run: {why}") from None
    try:
        printed = _output_of(process, subject)
        code = process.returncode
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    if code:
        ended = f"exit {code}" if code > 0 else f"signal {-code}"
        raise ConfigProblem(
            f"{subject} failed ({ended})", hint="run it by hand to see what it says"
        )
    return _first_line(printed, subject)


def _output_of(process: Popen[bytes], subject: str) -> bytes:
    """Return the output of a program, read until the program ends or the limits are reached.

    Its stderr is dropped: it may hold the password, or what leads to it.
    """
    assert process.stdout is not None  # noqa: S101 (both are pipes)
    assert process.stderr is not None  # noqa: S101
    printed = b""
    end = time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdout, process.stderr):
            selector.register(pipe, selectors.EVENT_READ)
        while True:
            events = selector.select(_POLL if selector.get_map() else _POLL / 10)
            for key, _ in events:
                read = os.read(key.fd, _LONGEST)
                printed += read if key.fileobj is process.stdout else b""
                if not read:
                    selector.unregister(key.fileobj)
            if not events and process.poll() is not None:
                return printed  # even if a child in the background keeps the pipes open
            if len(printed) > _LONGEST:
                raise ConfigProblem(f"{subject} prints more than any password has")
            if time.monotonic() > end:
                raise ConfigProblem(f"{subject} gave no password within {PATIENCE:g} s")


def _first_line(raw: bytes, subject: str) -> str:
    line = raw.partition(b"\n")[0].removesuffix(b"\r")
    if not line:
        raise ConfigProblem(f"{subject} gives no password: its first line is empty")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise ConfigProblem(f"{subject} gives a password that is not UTF-8") from None
