from __future__ import annotations

from itertools import chain, combinations

import pytest

from jobctl.model.layout import JOB_KINDS, Kind
from jobctl.model.status import PRECEDENCE, State, state_of

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
