"""Everything that only looks, in every format: listings, pages, columns, status, info, cron."""

from __future__ import annotations

import pytest

from tests.blackbox.recorded import check_names
from tests.blackbox.shop import both, jobs, nothing

FORMS = ("json", "jsonl", "csv", "tsv", "ids", "table", "wide")
LISTINGS = ("retries ls", "scheduled ls", "dead ls", "working ls", "queue ls", "queue jobs default")
PAGES = (
    "retries ls --limit 2", "retries ls --limit 2 --offset 1", "retries ls --sort jobtype",
    "retries ls --sort queue --reverse", "retries ls --columns jid,queue -o csv",
    "retries ls --no-header", "queue jobs default --limit 1", "working ls --stuck",
    "working ls --stuck=30m", "working count --all", "working ls -w wid=worker-1",
    "queue jobs imports -w 'args[0]>1'", "queue jobs default --type Nobody", "dead count",
    "retries group --by queue -o json", "status retry-01 held-0001 queued-01 later-01 died-0001",
)  # fmt: skip
CRON = """[cron_plugin]
enabled = true

# Each morning
[[cron]]
schedule = "0 6 * * *"
[cron.job]
type = "Report"
queue = "low"

[[cron]]
schedule = "@hourly"
[cron.job]
type = "Sweep"
"""
WRONG = """[cron_plugin]
enabled = true
[[cron]]
schedule = "61 6 * * *"
[cron.job]
type = "Report"
[[cron]]
schedule = "@daily"
"""
TIMELESS = "--columns line,entry,schedule,words,jobtype,queue,problem"
FROM = "--from 2026-09-21T14:00:00Z"
STORIES: dict[str, list[object]] = {
    "pages": [jobs, *PAGES],
    "columns of all": [
        jobs, *(f"{listing} -o json --columns jid" for listing in LISTINGS[:4]),
    ],
    "states as data": [nothing, "states -o tsv", "states -o json"],
    "an empty Redis": [nothing, *(f"{listing} -o json" for listing in LISTINGS), "info -o json"],
    "cron edit": [
        nothing,
        f"write cron.toml '{CRON}'",
        f"cron ls cron.toml {TIMELESS} -o json",
        "cron add cron.toml --schedule '30 9 * * MON-FRI' --type Mail --queue low -n",
        "cron add cron.toml --schedule '30 9 * * MON-FRI' --type Mail --comment 'Before nine' "
        "--retry 3 --args '[7]' --custom '{\"track\":1}' -o json",
        "cat cron.toml",
        "cron rm cron.toml --entry 1 -o json",
        "cat cron.toml",
        "cron rm cron.toml --entry 9",
        "cron add cron.toml --schedule '61 9 * * *' --type Mail",
        "cron add new.toml --schedule @daily --type Mail --enable",
        "cat new.toml",
        "cron validate cron.toml -o json",
    ],
    "cron checks": [
        nothing,
        f"write wrong.toml '{WRONG}'",
        "cron validate wrong.toml",
        "cron validate wrong.toml -o json",
        "cron validate nowhere.toml",
        "cron next '61 9 * * *'",
        f"cron next '30 9 * * MON-FRI' --tz Europe/Berlin {FROM} -o json",
        f"cron next '0 0 29 2 *' --count 2 {FROM}",
        f"cron next @hourly --until 2026-09-21T18:00:00Z {FROM} -o ids",
        f"cron next '0 12 * * 1#1' {FROM}",
    ],
}  # fmt: skip
for form in FORMS:
    STORIES[f"listings as {form}"] = [
        both,
        *(f"{listing} -o {form}" for listing in LISTINGS),
        f"status retry-01 nowhere-1 -o {form}",
        f"retries show retry-04 -o {form}",
    ]
    STORIES[f"cron as {form}"] = [
        nothing,
        f"write cron.toml '{CRON}'",
        f"cron ls cron.toml {TIMELESS} -o {form}",
        f"cron next cron.toml {FROM} --count 3 -o {form}",
        f"cron load cron.toml {FROM} --per hour -o {form}",
        f"cron validate cron.toml -o {form}",
    ]


@pytest.mark.parametrize("name", STORIES)
def test_listings(name, play):
    play("listings", name, STORIES[name])


def test_names():
    check_names("listings", list(STORIES))
