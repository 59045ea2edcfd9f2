"""Files, directories and stdin become documents as the server reads them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from jobctl.cron.files import read_documents
from jobctl.errors import BadCronFile, JobctlError, NotFound, UsageProblem


def write(directory: Path, **files: bytes) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (directory / f"{name}.toml").write_bytes(raw)
    return directory


def test_each_file_is_a_document(tmp_path):
    write(tmp_path, b=b"x = 1", a=b"y = 2")
    paths = [str(tmp_path / "b.toml"), str(tmp_path / "a.toml")]
    documents = read_documents(paths)
    assert [document.names for document in documents] == [(paths[0],), (paths[1],)]
    assert not documents[0].directory


def test_a_directory_is_one_document_in_order_of_bytes(tmp_path):
    names = ["b.toml", "B.toml", ".hidden.toml", ".toml", "10.toml", "9.toml", "é.toml"]
    for name in [*names, "no.tml", "c.toml.bak", "TOML"]:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "below").mkdir()
    write(tmp_path / "below", x=b"")
    (document,) = read_documents([str(tmp_path)])
    assert document.directory
    found = [Path(name).name for name in document.names]
    assert found == sorted(names, key=os.fsencode)
    assert found[:2] == [".hidden.toml", ".toml"]


def test_a_directory_of_conf_d_means_that(tmp_path):
    write(tmp_path, other=b"x = 1")
    write(tmp_path / "conf.d", a=b"y = 1")
    (document,) = read_documents([str(tmp_path)])
    assert document.names == (str(tmp_path / "conf.d" / "a.toml"),)


def test_files_with_entries_that_the_server_passes_over_are_noted(tmp_path):
    entry = b"[[ cron ]]\nschedule = '@daily'\n"
    write(tmp_path, other=entry, faktory=b"x = 1")
    conf = write(tmp_path / "conf.d", a=b"y = 1")
    for name in ("cron", "cron.tml"):
        (conf / name).write_bytes(entry)
    (conf / "README.md").write_bytes(b"Entries are begun by [[cron]].")
    os.mkfifo(conf / "pipe")
    (document,) = read_documents([str(tmp_path)])
    assert document.unread == tuple(
        str(tmp_path / name) for name in ("conf.d/cron", "conf.d/cron.tml", "other.toml")
    )


def test_names_that_are_no_utf_8_are_read(tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff.toml"
    try:
        Path(os.fsdecode(name)).write_bytes(b"x = 1")
    except OSError:
        pytest.skip("this file system takes no such name")
    (document,) = read_documents([str(tmp_path)])
    assert os.fsencode(document.names[0]) == name


def test_a_dash_is_stdin():
    (document,) = read_documents(["-"], io.BytesIO(b"x = 1"))
    assert document.parts == (("-", b"x = 1"),)


def failures(path: Path) -> dict[str, type[JobctlError]]:
    (path / "loop.toml").symlink_to(path / "loop.toml")
    (path / "nothing.toml").symlink_to(path / "nowhere")
    os.mkfifo(path / "fifo.toml")
    with (path / "huge.toml").open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    (path / "empty").mkdir()
    write(path / "inside" / "conf.d", a=b"")
    (path / "inside" / "conf.d" / "b.toml").mkdir()
    write(path / "together", a=b"\n" * (9 * 1024 * 1024), b=b"\n" * (9 * 1024 * 1024))
    return {
        "loop.toml": BadCronFile,
        "nothing.toml": BadCronFile,
        "fifo.toml": BadCronFile,
        "huge.toml": BadCronFile,
        "inside": BadCronFile,
        "together": BadCronFile,
        "empty": NotFound,
        "missing.toml": NotFound,
        "missing/a.toml": NotFound,
        "\0.toml": BadCronFile,
        "x" * 5000: BadCronFile,
    }


def test_what_cannot_be_read_can_be_told_and_the_rest_is_read(tmp_path):
    names = failures(tmp_path)
    write(tmp_path, good=b"x = 1")
    told = []
    paths = [str(tmp_path / name) for name in [*names, "good.toml"]]
    documents = read_documents(paths, unreadable=lambda path, error: told.append(path))
    assert told == paths[:-1]
    assert [document.names for document in documents] == [(paths[-1],)]


def test_an_empty_name_is_no_directory():
    with pytest.raises(UsageProblem, match="empty"):
        read_documents([""])


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
def test_what_a_shell_has_opened_as_a_pipe_is_read():
    reading, writing = os.pipe()
    try:
        os.write(writing, b"x = 1")
        os.close(writing)
        (document,) = read_documents([f"/dev/fd/{reading}"])
    finally:
        os.close(reading)
    assert document.text == "x = 1\n"


def test_a_folder_with_entries_in_no_toml_names_the_file(tmp_path):
    (tmp_path / "conf.d").write_bytes(b"[[cron]]\n")
    with pytest.raises(NotFound) as caught:
        read_documents([str(tmp_path)])
    conf = tmp_path / "conf.d"
    assert caught.value.hint == f"the server does not read {conf}: rename it"


def test_what_cannot_be_read_is_a_clear_error(tmp_path):
    for name, error in failures(tmp_path).items():
        with pytest.raises(error, match=r": .*(read|large|no \*\.toml|no such file)") as raised:
            read_documents([str(tmp_path / name)])
        assert raised.value.message.startswith(str(tmp_path))
