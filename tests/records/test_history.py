"""Whatever happens to records: they and their indexes are what a plain model says, and queries."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.records.history import History

SOME = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(SOME, max_examples=2000, stateful_step_count=80, derandomize=False)


def test_random_histories_agree_with_a_plain_model(raw, store, tmp_path):
    run_state_machine_as_test(lambda: History(raw, store, tmp_path), settings=SOME)


@pytest.mark.campaign
def test_many_random_histories_agree_with_a_plain_model(raw, store, tmp_path):
    run_state_machine_as_test(lambda: History(raw, store, tmp_path), settings=MANY)
