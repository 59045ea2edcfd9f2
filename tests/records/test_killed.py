"""Clients that are killed in the middle of restarts, deletes and marks leave no half of one."""

import json
import subprocess
import sys
import time
from collections import Counter
from random import Random

import pytest

from tests.records.gem import MOMENTS, STATES
from tests.records.model import dump, indexes
from tests.records.writing_process import IDENTS, KEPT


def runs(default):
    """A few always, two hundred in a campaign; each is a seed."""
    return [
        pytest.param(seed, marks=pytest.mark.campaign if seed >= default else ())
        for seed in range(200)
    ]


def begin(url, seed):
    argv = [sys.executable, "-m", "tests.records.writing_process", url, seed]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def killed(writers, rng):
    """Let them work together, kill one after the other; return what they said was done."""
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        time.sleep(rng.uniform(0.02, 0.3))
        writer.kill()
    said = []
    for writer in writers:
        said += writer.communicate()[0].splitlines()
    return said


def is_whole(found, ident):
    """Check that a record and its index entries agree, and that what has no hash has no entry."""
    name = ident.encode()
    values = {k.decode(): json.loads(v) for k, v in found.get(b"jobba:id:" + name, {}).items()}
    led = {key for key, held in found.items() if key.startswith(b"jobba:") and name in held}
    sets = {key for key in led if isinstance(found[key], set)}
    timed = {key for key in led if isinstance(found[key], dict)}
    if not values:
        assert not led, (ident, led)
        return
    assert values["id"] == ident
    named = [key for field in values for key in indexes(field, values[field])]
    expected = {":".join(("jobba", *key)).encode() for key in [*named, (values["state"],)]}
    assert sets == expected, ident
    for moment in MOMENTS:
        if values.get(moment) is not None:
            assert found[f"jobba:{moment}".encode()][name] == values[moment], (ident, moment)
            timed.discard(f"jobba:{moment}".encode())
    # What an attempt before had, and this one has not had yet, is still in its index.
    assert not timed or values["attempt"] > 0, (ident, timed)
    prefix = b"jobba:id:" + name + b":"
    assert {key for key in found if key.startswith(prefix)} == {
        prefix + b"%d" % number for number in range(values["attempt"])
    }


@pytest.mark.parametrize("seed", runs(3))
def test_writers_that_are_killed_leave_every_record_whole(raw, url, store, seed):
    rng = Random(seed)
    store.records.create(KEPT, state="started")
    said = []
    for turn in range(2):
        said += killed([begin(url, f"{seed}-{turn}-{which}") for which in "ab"], rng)
    found = dump(raw)
    for ident in (*IDENTS, KEPT):
        is_whole(found, ident)
    kept = store.records.find(KEPT)
    errors = Counter(e for r in (*store.records.attempts(kept), kept) for e in r.errors)
    assert set(errors.values()) <= {1}
    assert set(said) <= errors.keys()
    assert len(errors) <= len(said) + 4  # one of each writer may have been under way
    assert said
    assert kept.attempt > 0
    entries = [raw.scard(f"jobba:{state}") for state in STATES]
    assert sum(entries) == raw.zcard("jobba:recorded_at") == store.records.count()
