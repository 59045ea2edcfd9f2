"""Whether a server works on this very Redis: asked before it destroys what it should not."""

from __future__ import annotations

from contextlib import suppress

from jobctl.errors import NotFaktory, Refused, RefusedByFaktory
from jobctl.faktory.server import Faktory
from jobctl.model.faktory import FaktoryFacts
from jobctl.store.opening import Store


def check_pair(store: Store, faktory: Faktory) -> None:
    """Check that a server counts what this Redis counts; one that does not tell is believed.

    A copy of production's Redis beside production's server would be such a pair: what is meant for
    the copy would be acknowledged, or removed, in production.

    Raises:
        Refused: it has processed another number of jobs than this Redis says.
    """
    before = _counters(store)
    facts: FaktoryFacts | None = None
    with suppress(RefusedByFaktory, NotFaktory):
        facts = faktory.info()
    if facts is None:
        return
    said = (facts.processed, facts.failures)
    for low, told, high in zip(before, said, _counters(store), strict=True):
        if told is not None and not low <= told <= high:
            raise Refused(
                f"{faktory.address} works on another Redis than {store.target}: it has counted "
                f"{told:,} jobs, this one {high:,}; nothing was changed",
                hint="give the two that belong together: --url and --faktory-url",
            )


def _counters(store: Store) -> tuple[int, int]:
    ((processed, failures),) = store.server.counters(())
    return processed or 0, failures or 0
