"""Operations, plans and leases that an earlier commit wrote: gone on with, undone, shown."""

from __future__ import annotations

import pytest

from tests.blackbox.old.make import made
from tests.blackbox.recorded import check_names
from tests.blackbox.shop import nothing

SHOWN = ["journal ls -o json", "journal show OP -o json"]
RESUME, UNDO = "resume OP --yes -o json", "undo OP --yes -o json"
NEXT = {
    "done": {"resumed, undone": [*SHOWN, RESUME, UNDO]},
    "half": {"resumed": [*SHOWN, RESUME, UNDO], "undone": [UNDO, RESUME]},
    "undone": {"undone again": [*SHOWN, UNDO]},
    "plan": {
        "applied": ["apply plan.jsonl -n -o json", "apply plan.jsonl --yes -o json", UNDO],
        "applied twice": ["apply plan.jsonl --yes -o json", "apply plan.jsonl --yes -o json"],
    },
}
LEASES = {
    "hold-half": ["queue ls -o ids", "queue hold default -- true", "queue resume '*' -o json"],
    "pause-done": ["queue hold default -- true", "queue resume '*' -o json"],
}
# Each story plays on what a fixture left; those of a Faktory server name it, so that one is there.
STORIES: dict[str, list[object]] = {
    f"{name}: {name}": [nothing, f"load {name}", *each] for name, each in LEASES.items()
}
for fixture in made():
    kind = fixture.rpartition("-")[2]
    if fixture not in LEASES:
        for how, steps in NEXT[kind].items():
            wire = ["queue ls --faktory-url WIRE -u URL -o ids"] * ("wire" in fixture)
            STORIES[f"{fixture}: {how}"] = [nothing, f"load {fixture}", *wire, *steps]


@pytest.mark.parametrize("name", STORIES)
def test_old_files(name, play):
    play("old_files", name, STORIES[name])


def test_names():
    check_names("old_files", list(STORIES))
