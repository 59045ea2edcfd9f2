"""What several tests of the command line begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.contexts import FULL, SECRET


@pytest.fixture
def locked(raw) -> Iterator[None]:
    """Give the server a password, which a new connection must know."""
    raw.config_set("requirepass", SECRET)
    yield
    raw.config_set("requirepass", "")


@pytest.fixture
def full(config, tmp_path):
    """Contexts with secrets in every place; returns what must never come to be."""
    ran = tmp_path / "ran"
    config(FULL.replace("{ran}", str(ran)))
    yield ran
    assert not ran.exists()
