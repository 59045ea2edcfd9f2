"""Every verb on Jobba's status records, and the queries on them."""

from __future__ import annotations

import pytest

from tests.blackbox.recorded import check_names
from tests.blackbox.shop import nothing, records

STATES = ("unqueued", "queued", "started", "succeeded", "failed", "killed", "unknown")
QUERIES = (
    "", "-w state=failed", "-w state=incomplete", "-w state=completed", "-w job_name=Import",
    "-w job_name=Import,Sweep -w state=killed", "-w job_arg=u-1", "-w provider_job_id=42",
    "-w 'recorded_at>=2026-09-21T14:14:00Z'", "-w 'state=failed and error~timeout'",
    "-w 'data.rows>100'", "-w 'not (state=queued)'", "-w id=que-1,fai-1", "-w job_name=Nobody",
    "--older-than 1d", "--limit 2", "--limit 2 --offset 1", "--sort started_at",
    "--sort job_name --reverse", "--columns id,state,progress",
)  # fmt: skip
CHANGES = {
    "delete": "delete suc-1 fai-1",
    "delete where": "delete -w state=failed,killed --force",
    "delete all": "delete --all --force",
    "delete orphan": "delete orphan-1",
    "delete some": "delete que-1 nowhere --force",
    "cleanup": "cleanup --older-than 1d",
    "cleanup force": "cleanup --older-than 1d --force",
    "delete limit": "delete --all --force --limit 3",
    "restart": "mark started suc-1",
    "mark where": "mark killed -w state=started,queued",
    "request-kill": "request-kill sta-1 que-1",
    "request-kill where": "request-kill -w 'job_name=Import'",
}

STORIES: dict[str, list[object]] = {
    name: [records, f"record {change} --yes -o json", "undo OP --yes -o json"]
    for name, change in CHANGES.items()
}
for state in STATES:
    STORIES[f"mark {state}"] = [
        records, f"record mark {state} --all --yes -o json", "undo OP --yes -o json",
    ]  # fmt: skip
STORIES["queries"] = [records] + [f"query {query} -o ids" for query in QUERIES]
STORIES["counts"] = [records] + [f"query {query} --count" for query in QUERIES[:12]]
for form in ("json", "jsonl", "csv", "tsv", "ids", "table", "wide"):
    STORIES[f"records as {form}"] = [
        records,
        f"query -o {form}",
        f"query -w state=started --columns id,job_args,progress -o {form}",
        f"record show fai-1 -o {form}",
        f"record stats -o {form}",
        f"record delete que-1 -n -o {form}",
        f"record mark killed sta-1 --yes -o {form}",
        f"status que-2 42 retry-01 nowhere -o {form}",
    ]
STORIES |= {
    "more queries": [
        records,
        ("query - -o ids", "que-1\nnowhere\nsuc-1\n"),
        "query -w state=queued --count --index",
        "query -w state=failed --explain -o json",
        "query -w state=failed --explain -o table",
        "query -w state=oops",
        "query -w 'state=failed and'",
        "query --sort nothing",
        "record stats --by job_name -w 'recorded_at>=2026-09-21' -o json",
        "record show suc-1",
        "record show stub-1 -o json",
        "record show nowhere",
        "status que-1 -o json",
    ],
    "a job reports itself": [
        nothing,
        "record create import-1 --name Import --arg user=u-1 --state started --provider 42",
        "record create import-1 --name Other",
        "record set import-1 --progress 3/8",
        "record set import-1 --error 'disk full'",
        "record set import-1 --error again --data '{\"rows\":1200}'",
        "record set import-1 --arg n=3 --name Import2 --provider-text 42",
        "record set import-1 --clear-args --arg user=u-2",
        "record set nowhere --progress 1/2",
        "record set import-1",
        "record set import-1 --progress 9/8",
        "record mark succeeded import-1",
        "record show import-1 -o json",
        "record mark started import-1",
        "record show import-1 -o json",
        "record create --data '{\"rows\":0}' -o json",
        "record delete import-1 --yes",
        "query -o ids",
    ],
    "guards on records": [
        records,
        "record delete --yes",
        "record delete --all",
        "record delete --all --force --yes --expect 3 -o json",
        "record delete --all --force --yes --max 3",
        "record delete nowhere --yes -o json",
        ("record delete - --force --yes -o json", "que-1\nnowhere\n"),
        ("record delete - --yes -o json", ""),
        "record delete que-2 --force --yes --no-undo -o json",
        "record mark dead que-2 --yes",
        "journal ls -o json",
    ],
    "changed since it was chosen": [
        records,
        "record delete -w state=failed,killed --force --plan plan.jsonl -o json",
        "redis HSET jobba:id:kil-1 progress 1",
        "apply plan.jsonl --yes -o json",
        "apply plan.jsonl --yes -o json",
        "redis SADD jobba:failed fai-1",
        "redis HSET jobba:id:fai-1 id '\"fai-1\"' state '\"failed\"'",
        "undo OP --yes -o json",
    ],
    "a key of a wrong type": [
        records,
        "redis DEL jobba:killed jobba:id:que-1",
        "redis SET jobba:killed x",
        "redis SET jobba:id:que-1 x",
        "record mark killed sta-1 suc-1 --yes -o json",
        "record delete que-1 que-2 --force --yes -o json",
        "query -w state=killed -o ids",
        "query -w state=queued -o ids",
    ],
    "another namespace": [
        nothing,
        "--records-namespace jobs record create a --name Import",
        "--records-namespace jobs record mark queued a",
        "--records-namespace jobs query -o json",
        "--records-namespace jobs record delete --all --force --yes -o json",
        "--records-namespace jobs undo OP --yes -o json",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_records(name, play):
    play("records", name, STORIES[name])


def test_names():
    check_names("records", list(STORIES))
