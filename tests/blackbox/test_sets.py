"""Every verb on retries, scheduled and dead."""

from __future__ import annotations

import pytest

from tests.blackbox.recorded import check_names
from tests.blackbox.shop import jobs

WIRED = "--faktory-url WIRE -u AS:default"
MUTATE = "mutate - --yes -o json"
SETS = ("retries", "scheduled", "dead")
CHANGES = {
    "kill": "kill --all",
    "kill some": "kill --type Import --reason 'gone for good'",
    "discard": "discard --all",
    "requeue": "requeue --all",
    "requeue front": "requeue --all --front",
    "requeue to": "requeue --all --to slow --reset-retries",
    "requeue in": "requeue --all --in 2h",
    "requeue spread": "requeue --all --spread 2h --reset-retries",
    "reschedule in": "reschedule --all --in 1d",
    "reschedule at": "reschedule --type SendEmail --at 2090-01-01T00:00:00Z",
    "reschedule spread": "reschedule --all --spread 2h",
    "limit": "kill --all --limit 2",
    "clear": "clear --confirm {set}",
}
FILTERS = {
    "type": "--type Import",
    "types": "--type Import --type Webhook",
    "queue": "--queue imports",
    "jid": "--jid retry-01 --jid later-01 --jid died-0001 --jid nowhere-1",
    "error": "--error 'boom|no key'",
    "match": '--match \'*"args":[[]"Zo*\'',
    "older": "--older-than 1d",
    "where": "-w 'args[0]=1 and not (queue=imports)'",
    "where failure": "-w 'failure.errtype~Timeout or custom.tenant=acme'",
    "malformed": "--malformed",
    "several": "--type SendEmail --queue default -w 'retry_count>=3'",
    "nothing": "--type Nobody",
}

STORIES: dict[str, list[object]] = {}
for which in SETS:
    for name, change in CHANGES.items():
        verb = change.format(set=which)
        yes = "" if "clear" in change else " --yes"
        STORIES[f"{which} {name}"] = [
            jobs, f"{which} {verb}{yes} -o json", "undo OP --yes -o json",
        ]  # fmt: skip
    STORIES[f"{which} filters"] = [jobs] + [
        f"{which} {what} {flags} -o ids" for flags in FILTERS.values() for what in ("ls", "count")
    ]
for name, flags in FILTERS.items():
    STORIES[f"filter {name}"] = [jobs, f"retries discard {flags} --yes -o json"]
for form in ("json", "jsonl", "csv", "tsv", "ids", "table", "wide"):
    STORIES[f"report as {form}"] = [
        jobs,
        f"retries kill --type SendEmail -n -o {form}",
        f"retries kill --type SendEmail --reason why --yes -o {form}",
        f"undo OP -n -o {form}",
        f"undo OP --yes -o {form}",
        f"journal ls -o {form}",
        f"journal show OP -o {form}",
        f"retries requeue --all --yes --plan plan.jsonl -o {form}",
        f"apply plan.jsonl -n -o {form}",
        f"apply plan.jsonl --yes -o {form}",
    ]
STORIES |= {
    "no undo": [
        jobs,
        "retries kill --all --yes --no-undo -o json",
        "retries clear --confirm retries --no-undo -o json",
        "dead clear --confirm dead --no-undo -o json",
        "journal ls -o json",
    ],
    "jids from stdin": [
        jobs,
        ("retries kill --jid - --yes -o json", "retry-01\nretry-03\nnowhere-1\n"),
        ("retries kill --jid - --yes -o json", ""),
        ("dead requeue --jid - --front --yes -o json", "retry-01\ndied-0001\n"),
    ],
    "in the set itself": [
        jobs,
        "dead kill --all --yes -o json",
        "undo OP --yes -o json",
        "scheduled requeue --all --in 2h --yes -o json",
        "undo OP --yes -o json",
    ],
    "bare lists": [
        jobs,
        "redis DEL queues q:default q:imports q:hooks",
        "--layout bare retries requeue --type SendEmail --yes -o json",
        "undo OP --yes -o json",
    ],
    "a wire known": [
        jobs,
        f"retries requeue --type SendEmail --to fresh --yes {WIRED} -o json",
        f"retries kill --all --yes {WIRED} -o json",
    ],
    "undo of what ran": [
        jobs,
        "retries requeue --type SendEmail --yes -o json",
        "redis RPOP q:default 3",
        "undo OP --yes -o json",
    ],
    "undo of what moved": [
        jobs,
        "retries kill --type SendEmail --yes -o json",
        "dead requeue --jid retry-01 --yes -o json",
        "journal ls -o json",
    ],
    "mutate": [
        jobs,
        (MUTATE, '{"cmd":"kill","target":"retries","filter":{"jobtype":"SendEmail"}}'),
        "undo OP --yes -o json",
        "undo OP --yes -o json",
        (MUTATE, '{"cmd":"discard","target":"scheduled","filter":{"jids":["later-01"]}}'),
        (MUTATE, 'MUTATE {"cmd":"requeue","target":"dead","filter":{"regexp":"*no key*"}}'),
        'mutate \'{"cmd":"clear","target":"dead"}\' --confirm dead -o json',
        (MUTATE, '{"cmd":"clear","target":"queues"}'),
        (MUTATE, '{"cmd":"kill"'),
        'mutate -n \'{"cmd":"kill","target":"retries"}\' -o json',
    ],
    "show": [
        jobs,
        "retries show retry-02 -o json",
        "retries show retry-04",
        "retries show nowhere-1",
        "dead show died-0001 -o jsonl",
        "scheduled show later-03 -o table",
    ],
    "group": [
        jobs,
        "retries group -o json",
        "dead group --by type,queue -o tsv",
        "retries group --by error -o csv",
        "scheduled group --by type -o jsonl",
        "retries group -o table",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_sets(name, play):
    play("sets", name, STORIES[name])


def test_names():
    check_names("sets", list(STORIES))
