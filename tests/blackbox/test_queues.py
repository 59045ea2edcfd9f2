"""Queues: removed and put back, adopted, paused, held, drained; and reservations released."""

from __future__ import annotations

import pytest

from tests.blackbox.recorded import check_names
from tests.blackbox.shop import bare, jobs

WIRED = "--faktory-url WIRE -u AS:default"
FORMS = ("json", "jsonl", "csv", "tsv", "ids", "table", "wide")

STORIES: dict[str, list[object]] = {
    "remove": [
        jobs,
        "queue remove hooks --confirm hooks --reason 'not used' -o json",
        "queue ls -o ids",
        "undo OP --yes -o json",
        "undo OP --yes -o json",
    ],
    "remove several": [
        jobs,
        "queue remove default imports --confirm 'default imports' -o json",
        "redis LPUSH q:default '{\"jid\":\"newcomer-1\"}'",
        "undo OP --yes -o json",
        "journal show OP -o json",
    ],
    "remove all": [jobs, "queue remove '*' --confirm '*' -o json", "undo OP --yes -o json"],
    "remove for good": [jobs, "queue remove default --confirm default --no-undo -o json"],
    "remove refused": [
        jobs,
        "queue remove hooks -n -o json",
        "queue remove hooks -o json",
        "queue remove hooks --confirm other -o json",
        "queue remove nowhere --confirm nowhere -o json",
        "queue remove default --confirm default --expect 3 -o json",
        "queue remove default --confirm default --max 1 -o json",
        "queue remove -o json",
        "queue remove default nowhere --confirm 'default nowhere' -o json",
    ],
    "remove by wire": [
        jobs,
        f"queue remove hooks imports --confirm 'hooks imports' {WIRED} -o json",
        "undo OP --yes -o json",
    ],
    "adopt": [
        bare,
        "queue adopt '*' -n -o json",
        "queue adopt '*' --yes --layout q -o json",
        "undo OP --yes -o json",
        "undo OP --yes -o json",
    ],
    "adopt one": [
        bare,
        "queue adopt default --yes --reason upgrade -o json",
        "redis RPOP q:default 2",
        "undo OP --yes -o json",
    ],
    "adopt by wire": [bare, f"queue adopt default --yes {WIRED} -o json", "undo OP --yes -o json"],
    "adopt refused": [
        bare,
        "queue adopt default -o json",
        "queue adopt -o json",
        "queue adopt nowhere --yes -o json",
        "queue adopt default --yes --expect 7 -o json",
        "queue adopt default --yes --no-undo -o json",
        "queue adopt default --yes -o json",
    ],
    "pause": [
        jobs,
        "queue pause default imports --reason 'deploy 4711'",
        "queue ls -o json",
        "queue pause default -o json",
        "queue resume default hooks",
        "queue resume default -o json",
        "queue pause --glob 'im*'",
        "queue pause '*' -o ids",
        "queue resume '*' -o json",
        "queue pause nowhere",
        "queue pause default nowhere",
        "queue pause",
        "queue pause empty --at-restart",
    ],
    "pause by wire": [
        jobs,
        f"queue pause default --reason deploy {WIRED} -o json",
        f"queue resume default hooks {WIRED} -o json",
        f"queue pause nowhere {WIRED}",
    ],
    "hold": [
        jobs,
        "queue hold default -- true",
        "queue hold default hooks -- sh -c 'exit 3'",
        "queue hold '*' --reason deploy -- true",
        "queue hold nowhere -- true",
        "queue hold default",
        "queue hold default -- no-such-command",
        f"queue hold default {WIRED} -- true",
    ],
    "drain": [
        jobs,
        "queue drain empty --pause --timeout 10s -o json",
        "queue drain imports --pause --timeout 1s -o json",
        "queue hold imports --drain 1s -- true",
        "queue drain nowhere -o json",
    ],
    "release": [
        jobs,
        "working release held-0001 --yes -o json",
        "undo OP --yes -o json",
        "working release --stuck --yes -o json",
        "working release --all --reason why --yes -o json",
        "journal show OP -o json",
    ],
    "release by wire": [
        jobs,
        f"working release --all -n {WIRED} -o json",
        f"working release --all --yes {WIRED} -o json",
        "undo OP --yes -o json",
    ],
    "release refused": [
        jobs,
        "working release --yes",
        "working release --all -o json",
        "working release nowhere-1 --yes -o json",
        "working release held-0001 nowhere-1 --yes -o json",
        "working release --all --expect 7 --yes -o json",
        ("working release - --yes -o json", "held-0002\nnowhere-1\n"),
        "working release --queue imports --yes -o json",
    ],
    "release in a plan": [
        jobs,
        "working release --all --plan plan.jsonl -o json",
        "apply plan.jsonl --yes -o json",
    ],
}  # fmt: skip
for form in FORMS:
    STORIES[f"queues as {form}"] = [
        jobs,
        f"queue ls -o {form}",
        f"queue jobs default -o {form}",
        f"queue pause default -o {form}",
        f"queue resume default -o {form}",
        f"queue remove hooks --confirm hooks -o {form}",
        f"undo OP --yes -o {form}",
        f"queue adopt '*' -n -o {form}",
        f"working release held-0001 --yes -o {form}",
    ]


@pytest.mark.parametrize("name", STORIES)
def test_queues(name, play):
    play("queues", name, STORIES[name])


def test_names():
    check_names("queues", list(STORIES))
