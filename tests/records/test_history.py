"""Whatever happens to records: they and their indexes are what a plain model says, and queries."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from jobctl.records import find
from jobctl.redis import record_indexes
from tests.records.history import History

SOME = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(SOME, max_examples=2000, stateful_step_count=60, derandomize=False)


@pytest.fixture(params=["pages", "small pages"])
def pages(request, monkeypatch):
    """Answer as always; or as if there were so many records that nothing fits into one page."""
    if request.param == "small pages":
        for module, name, size in (
            (find, "SLACK", 0), (find, "HELD", 0), (record_indexes, "PAGE", 2),
        ):  # fmt: skip
            monkeypatch.setattr(module, name, size)


def test_random_histories_agree_with_a_plain_model(raw, store, tmp_path, pages):
    run_state_machine_as_test(lambda: History(raw, store, tmp_path), settings=SOME)


@pytest.mark.campaign
def test_many_random_histories_agree_with_a_plain_model(raw, store, tmp_path, pages):
    run_state_machine_as_test(lambda: History(raw, store, tmp_path), settings=MANY)
