"""One fixture: it plays a story and compares what came of it with what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import redis

from jobctl import embedded
from tests.blackbox import recorded
from tests.blackbox.story import Step, Story

Play = Callable[[str, str, Sequence[object]], None]


@pytest.fixture
def play(
    server: embedded.EmbeddedServer,
    raw: redis.Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Play]:
    """Play a story of a group: its seed, then its steps."""
    monkeypatch.setenv("JOBCTL_URL", "")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LOGNAME", "nora")
    monkeypatch.setenv("USER", "nora")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(tmp_path)

    def run(group: str, name: str, steps: Sequence[object]) -> None:
        seed, *rest = steps
        story = Story(raw, server.socket, tmp_path, exact=name == "report as json")
        story.play(seed, rest)
        recorded.check(recorded.FOLDER / f"{group}.data.txt", name, story.data)
        recorded.check(recorded.FOLDER / f"{group}.talk.txt", name, story.talk)

    yield run
    raw.config_set("maxmemory", 0)
    raw.execute_command("ACL", "DELUSER", "clerk")


__all__ = ["Step"]
