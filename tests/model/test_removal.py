"""What a header says of the queues that are removed, and how people read of them."""

import pytest

from jobctl.model.jsontext import dumps, loads_own
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.operation import Header
from jobctl.model.queue import RemovedQueue, Segment, shown_queues
from jobctl.model.typed import typed
from jobctl.model.verbs import Change, Guards, Verb

QUEUE = RemovedQueue("mail", registered=True, paused=False, forms=(QueueForm.Q,), jobs=3)


def test_a_header_brings_its_queues_back():
    header = Header(
        "7f3a09c2", Kind.QUEUE, Change(Verb.REMOVE), "redis://x:1/0",
        queues=(QUEUE, RemovedQueue("old", False, True, (QueueForm.Q, QueueForm.BARE))),
        faktory="tcp://***@x:7419",
    )  # fmt: skip
    assert Header.read(dumps(header.document())) == header


@pytest.mark.parametrize("queues", [[1], [{"name": "a"}], "a", 3])
def test_a_header_with_other_queues_is_refused(queues):
    header = Header("7f3a09c2", Kind.QUEUE, Change(Verb.REMOVE), "redis://x:1/0")
    with pytest.raises(ValueError, match=r"the header\.queues"):
        Header.read(dumps(header.document() | {"queues": queues}))


def test_a_segment_comes_back():
    segment = Segment("mail", QueueForm.BARE, "a1.0", 7, back=True)
    assert typed(Segment, loads_own(dumps(segment.document())), "a segment") == segment


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["a"], "queue a"),
        (["a", "b"], "queues a and b"),
        (["a", "b", "c"], "queues a, b and c"),
        (["a", "b", "c", "d"], "queues a, b, c and 1 more"),
    ],
)
def test_queues_are_named_for_people(names, shown):
    assert shown_queues(names) == shown


@pytest.mark.parametrize(
    ("guards", "taken", "bounds"),
    [
        (Guards(), 7, (None, None)), (Guards(expect=5), 0, (5, 5)), (Guards(expect=5), 3, (2, 2)),
        (Guards(most=5), 3, (None, 2)), (Guards(expect=5, most=3), 0, (5, 3)),
        (Guards(most=5), 9, (None, 0)),
    ],
)  # fmt: skip
def test_guards_say_how_many_more_there_may_be(guards, taken, bounds):
    assert guards.bounds(taken) == bounds
