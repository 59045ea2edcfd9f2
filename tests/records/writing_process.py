"""A process that changes a few records without end: ``python -m tests.records.writing_process``.

Each error of the record ``kept`` is written to stdout once jobctl has said that it is there.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from random import Random

from jobctl import Store, connect
from jobctl.errors import NotFound, Refused
from tests.records.gem import STATES

IDENTS = tuple(f"job-{n}" for n in range(6))
KEPT = "kept"  # is restarted, and never deleted


def change(store: Store, rng: Random, note: str) -> None:
    """Make one change, to one record; say of an error of `KEPT` that it was added."""
    records = store.records
    ident = rng.choice(IDENTS)
    verb = rng.randrange(9)
    if verb <= 1:
        records.create(
            ident, {"job_name": rng.choice("AB"), "job_args": {"user": rng.choice("xyz")}}
        )
    elif verb == 2:
        records.mark(ident, rng.choice(STATES))
    elif verb == 3:
        records.mark(ident, "started")
    elif verb == 4:
        records.delete(ident, force=rng.random() < 0.7)
    elif verb == 5:
        records.set_job_name(ident, rng.choice("ABC"))
    elif verb == 6:
        given = {"user": rng.choice("xyz"), "more": rng.choice("xyz")}
        records.set_job_args(ident, dict(rng.sample(sorted(given.items()), rng.randint(0, 2))))
    elif verb == 7:
        records.mark(KEPT, "started")
    else:
        records.add_error(KEPT, note)
        print(note, flush=True)


def main(url: str, seed: str) -> None:
    """Change records until somebody ends it."""
    rng = Random(seed)
    print("ready", flush=True)
    with connect(url) as store:
        for number in range(sys.maxsize):
            with suppress(NotFound, Refused):
                change(store, rng, f"{seed}:{number}")


if __name__ == "__main__":
    main(*sys.argv[1:])
