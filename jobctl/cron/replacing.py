"""Replace a file by other bytes: all at once, or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jobctl.errors import BadCronFile, NotFound

_HINT = "nothing was changed: do it again"


def replace_file(path: str, old: bytes | None, new: bytes) -> None:
    """Put new bytes in the place of a file, or of what a link points to.

    Mode, and owner where that is allowed, stay. The bytes and the folder are on disk afterwards.

    Args:
        path: of the file.
        old: the bytes it had when it was read; None where there was none.
        new: those it is to have.

    Raises:
        NotFound: there is no such folder.
        BadCronFile: it cannot be written, is no regular file, or has changed since it was read.
    """
    target = Path(os.path.realpath(path))
    try:
        with _beside(target, old) as temporary:
            _write(temporary, new, target if old is not None else None)
            _check(path, target, old)
            if old is None:
                os.link(temporary, target)  # unlike a rename it does not overwrite
            else:
                temporary.replace(target)
        _settle(target.parent)
    except FileExistsError:
        raise _changed(path) from None
    except FileNotFoundError:
        if target.parent.is_dir():
            raise _changed(path) from None
        raise NotFound(f"{path}: there is no folder {target.parent}") from None
    except OSError as error:
        raise BadCronFile(f"{path}: cannot be written: {error.strerror}") from None


@contextlib.contextmanager
def _beside(target: Path, old: bytes | None) -> Iterator[Path]:
    """Yield a new file in the same folder; whatever happens, nothing is left of it."""
    # Not *.toml: a server that reads its folder meanwhile must not find it.
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".tmp"
    )
    temporary = Path(name)
    try:
        os.close(handle)
        if old is None:
            temporary.chmod(0o666 & ~_umask())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _write(temporary: Path, new: bytes, like: Path | None) -> None:
    with temporary.open("wb") as file:
        if like is not None:
            its = like.stat()
            with contextlib.suppress(OSError):  # who may not give it away keeps it
                os.fchown(file.fileno(), its.st_uid, its.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(its.st_mode))
        file.write(new)
        file.flush()
        os.fsync(file.fileno())


def _check(path: str, target: Path, old: bytes | None) -> None:
    """Refuse where the file is not what was read."""
    if old is None:
        if target.exists():
            raise _changed(path)
        return
    if not stat.S_ISREG(target.lstat().st_mode):
        raise BadCronFile(f"{path}: cannot be replaced: it is no regular file")
    if target.read_bytes() != old:
        raise _changed(path)


def _changed(path: str) -> BadCronFile:
    return BadCronFile(f"{path}: it has changed since it was read", hint=_HINT)


def _settle(folder: Path) -> None:
    """Have the folder itself on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
