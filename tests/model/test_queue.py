from __future__ import annotations

from dataclasses import replace

import pytest

from jobctl.model.entry import Place
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.queue import Queue
from jobctl.systems.faktory.layout import FAKTORY
from tests.builders import NOW, job

QUEUE = Queue("default", QueueForm.Q, b"q:default", 1, registered=True, paused=False)


@pytest.mark.parametrize(
    ("head", "latency"),
    [
        (job(enqueued_at="2026-09-21T14:13:00.5Z"), 19.5),
        (job(enqueued_at="2026-09-21T14:13:30Z"), 0),  # a clock that is ahead
        (job(enqueued_at=None), None),
        (job(enqueued_at="soon"), None),
        (job(enqueued_at=1), None),
        (b"not a job", None),
        (None, None),
    ],
)
def test_latency_is_how_long_the_next_job_has_waited(head, latency):
    assert replace(QUEUE, head=head).latency(NOW, FAKTORY) == latency


def test_faktory_takes_names_of_few_characters():
    names = ["default", "a", "A-b_c.9", "9", "-", "q.x"]
    others = ["", "a b", "q:a", "é", "a\n", "a/b", "*", "٣"]
    assert [name for name in (*names, *others) if FAKTORY.is_queue_name(name)] == names


@pytest.mark.parametrize(
    ("form", "name", "key"),
    [
        (QueueForm.Q, "default", "q:default"),
        (QueueForm.BARE, "default", "default"),
        (QueueForm.Q, "q:x", "q:q:x"),
    ],
)
def test_a_name_and_its_key_lead_to_each_other(form, name, key):
    assert FAKTORY.queue_key(name, form) == key
    assert FAKTORY.queue_of_key(key) == (name, form)


def test_the_bare_key_of_a_name_with_the_prefix_is_the_list_of_another():
    assert FAKTORY.queue_key("q:x", QueueForm.BARE) == "q:x"
    assert FAKTORY.queue_of_key("q:x") == ("x", QueueForm.Q)
    assert FAKTORY.queue_forms("q:x") == (QueueForm.Q,)


def test_a_place_has_a_title_for_people():
    assert Place(Kind.QUEUE, "default", 0).title == "queue default"
    assert [Place(kind).title for kind in (Kind.DEAD, Kind.WORKING)] == ["dead", "working"]
