from __future__ import annotations

import json
from itertools import chain, combinations

import pytest

from jobctl.model.entry import Entry, Place
from jobctl.model.layout import JOB_KINDS, Kind
from jobctl.model.status import PLACE_KEYS, PRECEDENCE, State, Status, by_precedence, state_of
from jobctl.systems.faktory.layout import FAKTORY
from tests.builders import NOW, failed, job, reservation

QUEUED = Entry.queued(job("j"), Place(Kind.QUEUE, "critical", 3), FAKTORY)
HELD = Entry.scored(reservation(job("j", args=["held"])), NOW, Kind.WORKING, FAKTORY)
RETRYING = Entry.scored(failed("j", count=2), NOW + 0.5, Kind.RETRIES, FAKTORY)
SCHEDULED = Entry.scored(job("j"), NOW, Kind.SCHEDULED, FAKTORY)
DEAD = Entry.scored(failed("j"), NOW, Kind.DEAD, FAKTORY)
KEYS = ["jid", "state", "places", "job", "records", "track", "lock", "warnings"]
AT = "2026-09-21T14:13:20Z"


@pytest.mark.parametrize(
    ("entry", "state", "place"),
    [
        (QUEUED, "enqueued", {"place": "queue", "queue": "critical", "position": 3}),
        (RETRYING, "retrying", {"place": "retries", "at": "2026-09-21T14:13:20.5Z"}),
        (SCHEDULED, "scheduled", {"place": "scheduled", "at": AT}),
        (DEAD, "dead", {"place": "dead", "at": AT}),
        (
            HELD,
            "working",
            {
                "place": "working",
                "wid": "worker-1",
                "reserved_at": "2026-09-21T14:10:00Z",
                "expires_at": "2026-09-21T14:40:00Z",
            },
        ),
    ],
)
def test_a_document_says_where_the_job_is(entry, state, place):
    document = Status("j", (entry,)).document()
    assert list(document) == KEYS
    assert document == {
        "jid": "j",
        "state": state,
        "places": [place],
        "job": dict(entry.job.payload),
        "records": [],
        "track": None,
        "lock": None,
        "warnings": [],
    }
    assert list(document["places"][0]) == list(place)


def test_the_job_in_the_document_is_the_payload_as_it_stands():
    document = Status("j", (HELD,)).document()
    assert document["job"] == json.loads(job("j", args=["held"]))
    assert document["job"]["created_at"] == "2026-09-21T14:00:00.123456789Z"


def test_a_job_that_is_nowhere_is_unknown_and_every_key_is_there():
    nowhere = Status("j")
    assert not nowhere.found
    assert nowhere.document() == {
        **dict.fromkeys(KEYS),
        "jid": "j",
        "state": "unknown",
        "places": [],
        "records": [],
        "warnings": [],
    }
    assert nowhere.rows() == [dict.fromkeys(PLACE_KEYS) | {"jid": "j", "state": "unknown"}]


def test_of_several_places_the_deciding_one_comes_first_and_gives_the_job():
    entries = by_precedence([DEAD, SCHEDULED, RETRYING, QUEUED, HELD])
    assert entries == (HELD, QUEUED, RETRYING, SCHEDULED, DEAD)
    status = Status("j", entries, ("it is in 5 places",))
    document = status.document()
    assert status.found
    assert [place["place"] for place in document["places"]] == [
        *("working", "queue", "retries", "scheduled", "dead")
    ]
    assert (document["state"], document["job"]["args"]) == ("working", ["held"])
    assert document["warnings"] == ["it is in 5 places"]


def test_two_entries_of_one_structure_stay_in_the_order_they_were_seen():
    second = Entry.queued(job("j"), Place(Kind.QUEUE, "default", 0), FAKTORY)
    assert by_precedence([DEAD, second, QUEUED]) == (second, QUEUED, DEAD)


def test_the_keys_of_a_row_are_those_of_the_contract():
    assert list(PLACE_KEYS) == [
        *("jid", "state", "place", "queue", "position", "at", "wid", "jobtype"),
        *("retry_count", "remaining", "errtype", "message", "class"),
    ]


def test_a_job_has_a_row_for_each_place():
    rows = Status("j", (HELD, QUEUED, RETRYING)).rows()
    assert all(list(row) == list(PLACE_KEYS) for row in rows)
    assert [row["place"] for row in rows] == ["working", "queue", "retries"]
    assert {row["state"] for row in rows} == {"working"}
    held, queued, retrying = rows
    assert (held["wid"], held["at"], held["queue"]) == ("worker-1", AT, "default")
    assert (queued["queue"], queued["position"], queued["at"]) == ("critical", 3, None)
    assert retrying == {
        "jid": "j",
        "state": "working",
        "place": "retries",
        "queue": "default",
        "position": None,
        "at": "2026-09-21T14:13:20.5Z",
        "wid": None,
        "jobtype": "SendEmail",
        "retry_count": 2,
        "remaining": 23,
        "errtype": "RuntimeError",
        "message": "boom",
        "class": "SendEmail",
    }


def test_wrong_types_are_carried_as_they_are():
    raw = reservation(job("j", jobtype=["x"], queue={"a": 1}, failure=7), wid=5)
    status = Status("j", (Entry.scored(raw, float("inf"), Kind.WORKING, FAKTORY),))
    (row,) = status.rows()
    assert (row["jobtype"], row["queue"], row["wid"]) == (["x"], {"a": 1}, 5)
    assert (row["at"], row["retry_count"], row["message"]) == (None, None, None)
    assert status.document()["places"][0]["wid"] == 5


SEEN = list(chain.from_iterable(combinations(JOB_KINDS, n) for n in range(1, 6)))
STATES = {
    Kind.WORKING: State.WORKING,
    Kind.QUEUE: State.ENQUEUED,
    Kind.RETRIES: State.RETRYING,
    Kind.SCHEDULED: State.SCHEDULED,
    Kind.DEAD: State.DEAD,
}


def test_every_structure_has_its_place_in_the_precedence_of_the_contract():
    assert PRECEDENCE == (Kind.WORKING, Kind.QUEUE, Kind.RETRIES, Kind.SCHEDULED, Kind.DEAD)


@pytest.mark.parametrize("kinds", SEEN)
def test_the_first_structure_in_the_precedence_decides_the_state(kinds):
    decides = min(kinds, key=PRECEDENCE.index)
    assert state_of(kinds) is STATES[decides]
    assert state_of(reversed(kinds)) is STATES[decides]


def test_a_job_that_is_nowhere_is_unknown():
    assert state_of([]) is State.UNKNOWN


def test_the_states_are_those_of_the_contract():
    assert [state.value for state in State] == [
        *("unknown", "unqueued", "scheduled", "enqueued", "working"),
        *("retrying", "success", "failed", "killed", "dead"),
    ]
