"""A file is replaced all at once, or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from jobctl.cron.files import replace_file
from jobctl.errors import BadCronFile, NotFound


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "cron.toml"
    file.write_bytes(b"old")
    return file


def test_the_new_bytes_are_there_and_nothing_else_is(file):
    replace_file(str(file), b"old", b"new\r\n\xff")
    assert file.read_bytes() == b"new\r\n\xff"
    assert names(file.parent) == ["cron.toml"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o4755])
def test_mode_and_owner_stay(file, mode):
    if os.geteuid() == 0:
        os.chown(file, 12, 34)
    file.chmod(mode)
    before = file.stat()
    replace_file(str(file), b"old", b"new")
    after = file.stat()
    assert stat.S_IMODE(after.st_mode) == mode
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_a_new_file_has_the_mode_that_any_new_file_has(tmp_path):
    (tmp_path / "other").touch()
    replace_file(str(tmp_path / "cron.toml"), None, b"new")
    assert (tmp_path / "cron.toml").stat().st_mode == (tmp_path / "other").stat().st_mode
    assert names(tmp_path) == ["cron.toml", "other"]


def test_a_link_stays_and_what_it_points_to_is_replaced(file, tmp_path):
    (tmp_path / "far").mkdir()
    link = tmp_path / "far" / "link.toml"
    link.symlink_to(Path("..", "cron.toml"))
    replace_file(str(link), b"old", b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert names(link.parent) == ["link.toml"]


def test_what_has_changed_meanwhile_is_left_alone(file):
    with pytest.raises(BadCronFile, match="changed since it was read"):
        replace_file(str(file), b"older", b"new")
    with pytest.raises(BadCronFile, match="changed since it was read"):
        replace_file(str(file), None, b"new")
    assert file.read_bytes() == b"old"
    file.unlink()
    with pytest.raises(BadCronFile, match="changed since it was read"):
        replace_file(str(file), b"old", b"new")
    assert names(file.parent) == []


def test_what_is_no_file_or_has_no_folder_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadCronFile, match="no regular file"):
        replace_file(str(tmp_path / "pipe"), b"", b"new")
    with pytest.raises(NotFound, match="no folder"):
        replace_file(str(tmp_path / "no" / "cron.toml"), None, b"new")
    assert names(tmp_path) == ["pipe"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_nothing_is_left_behind_by_what_stops_it(file, monkeypatch, stop):
    def stopped(descriptor: int) -> None:
        raise stop

    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises((KeyboardInterrupt, BadCronFile)):
        replace_file(str(file), b"old", b"new")
    assert file.read_bytes() == b"old"
    assert names(file.parent) == ["cron.toml"]


def test_a_server_that_reads_the_folder_meanwhile_does_not_find_the_other_file(file, monkeypatch):
    seen: list[list[str]] = []
    fsync = os.fsync

    def look(descriptor: int) -> None:
        seen.append([path.name for path in file.parent.glob("*.toml")])
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    replace_file(str(file), b"old", b"new")
    assert seen == [["cron.toml"], ["cron.toml"]]
