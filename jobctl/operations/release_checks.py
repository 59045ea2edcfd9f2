"""What must be so before reservations are released: their server is known, and no batch breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jobctl.backend import Backend
from jobctl.errors import Refused
from jobctl.model.jsontext import dig, glance
from jobctl.model.layout import Layout
from jobctl.model.operation import Header
from jobctl.model.words import listed
from jobctl.operations.chosen import Chosen
from jobctl.operations.file import OperationFile
from jobctl.operations.preparing import Preparer

_NAMED = 3  # batches in a sentence


def check_way(backend: Backend, header: Header | None = None, *, rehearsed: bool) -> list[str]:
    """Check that reservations can be released: by their server, or because none runs.

    Args:
        backend: what it works on.
        header: of the operation that goes on; it may name another server.
        rehearsed: nothing is to be changed, so that nothing may be written for a proof either.

    Returns:
        What there is to warn of.

    Raises:
        Refused: a server may hold them that is not known, or is not the one it was; or the one
            that is known uses another Redis.
        Unreachable: the server that is known does not answer.
    """
    was = None if header is None else header.faktory
    if backend.faktory is not None:
        given = str(backend.faktory.address)
        if was not in (None, given):
            raise Refused(f"this release was begun with {was}, this is {given}", hint=_give(was))
        if rehearsed:
            return backend.system.compare_counters()
        backend.system.verify_server()
        return []
    running = backend.system.server_runs()
    if running is None:
        raise Refused(
            f"whether a Faktory server runs on {backend.target} cannot be told: CONFIG is denied",
            hint=f"{_give(was)}; or let this user run CONFIG GET, to see that none runs",
        )
    if running:
        raise unknown_server(backend, was)
    return []


def has_limbo(acknowledged: Iterable[int], results: Iterable[int]) -> bool:
    """Tell whether jobs may be in the operation's file alone: these need no server."""
    return not set(acknowledged) <= set(results)


def check_batches(backend: Backend, file: OperationFile, chosen: Chosen) -> None:
    """Check that no job of a release is in a batch, unless that was said to be fine.

    Raises:
        Refused: some are, and a server is known that would count them as done.
    """
    if backend.faktory is None or file.header.change.break_batch:
        return
    batches = list(_batches(Preparer.of(file, chosen, backend.layout), chosen, backend.layout))
    if not batches:
        return
    jobs = "job is" if len(chosen) == 1 else "jobs are"
    names = listed(list(dict.fromkeys(batches)), _NAMED)
    some = "the" if len(chosen) == 1 else f"{len(batches):,} of the {len(chosen):,}"
    fields = " and ".join(f"{'.'.join(path)}=null" for path in backend.layout.batch)
    raise Refused(
        f"{some} {jobs} in a batch ({names}): an ACK counts them as done, and may start the "
        "batch's callbacks; nothing was changed",
        hint=f"leave them out: -w '{fields}'; or accept it: --break-batch",
    )


def _batches(preparer: Preparer, chosen: Chosen, layout: Layout) -> Iterator[str]:
    """Yield the batch of each job that is in one."""
    start = 0
    while start < len(chosen):
        jobs = preparer.size(start, preparer.most)
        for raw, _ in preparer.scored(start, jobs):
            job = dig(glance(raw), layout.reserved_job)
            found = (dig(job, path) for path in layout.batch)
            batch = next((value for value in found if isinstance(value, str) and value), None)
            if batch is not None:
                yield batch
        start += jobs


def _give(was: str | None) -> str:
    return f"give the server: --faktory-url {was or 'tcp://[:password@]host[:7419]'}"


def unknown_server(backend: Backend, was: str | None) -> Refused:
    """Return the error for reservations that a server holds which is not known."""
    return Refused(
        f"a Faktory server runs on {backend.target} and still holds these reservations: released "
        "behind its back, a job would be lost",
        hint=_give(was),
    )
