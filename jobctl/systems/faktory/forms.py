"""Which form of lists the workers of a job system read: what its server says decides."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from jobctl.backend import Backend
from jobctl.errors import Refused, Unreachable
from jobctl.model.info import JobServerFacts
from jobctl.model.layout import QueueForm
from jobctl.model.queue import Queue
from jobctl.systems.faktory.layout import FAKTORY
from jobctl.systems.faktory.server import form_of

_SAY = "say it: --layout q (Faktory 1.10 and later) or --layout bare (before)"


def forms_seen(queues: Sequence[Queue]) -> set[QueueForm]:
    """Return the forms of the lists there are."""
    return {queue.form for queue in queues if queue.key is not None and queue.form is not None}


def layout_seen(queues: Sequence[Queue], backend: Backend) -> str | None:
    """Return which form of lists was seen: ``q``, ``bare`` or ``both``; else the one given."""
    forms = forms_seen(queues)
    if len(forms) == 2:
        return "both"
    if forms:
        return forms.pop().value
    return backend.form.value if backend.form is not None else None


def server_facts(backend: Backend) -> JobServerFacts | None:
    """Return what the server says of itself; None where it is not known, or does not say."""
    if backend.faktory is not None:
        with suppress(Unreachable):
            return backend.faktory.facts
    return None


def form_known(
    backend: Backend, queues: Sequence[Queue], facts: JobServerFacts | None
) -> QueueForm | None:
    """Return the form of lists that the server reads; None where its version is not known.

    What it says counts, else what was noted of it at an earlier change. That may be outdated: lists
    of the newer form contradict an older version.

    Args:
        backend: what it works on.
        queues: those in it.
        facts: what the server says of itself.
    """
    if facts is not None and facts.form is not None:
        return facts.form
    noted = form_of(backend.operations.server_version())
    outdated = noted is QueueForm.BARE and QueueForm.Q in forms_seen(queues)
    return None if outdated else noted


def form_read(
    backend: Backend, queues: Sequence[Queue], facts: JobServerFacts | None
) -> QueueForm | None:
    """Return the form of lists that is read, as far as there is any doubt; see `form_known`.

    Where nothing is known of the server and there are both, it is the newer one.
    """
    known = form_known(backend, queues, facts)
    return QueueForm.Q if known is None and len(forms_seen(queues)) == 2 else known


def is_unread(queue: Queue, read: QueueForm | None) -> bool:
    """Tell whether a list is of the form that the server does not read."""
    return read is not None and queue.key is not None and queue.form is not read


def who_reads(queue: Queue) -> str:
    """Return what is read instead of a list that is not read."""
    if queue.form is QueueForm.BARE:
        key = FAKTORY.queue_key(queue.name, QueueForm.Q)
        return f"servers from 1.10 on read {key} only"
    return f"servers before 1.10 read {queue.name} only"


def form_to_write(
    backend: Backend, *, rehearsed: bool = False
) -> tuple[QueueForm, tuple[str, ...]]:
    """Return the form of lists that this server's workers read, and what there is to warn of.

    Args:
        backend: what it works on.
        rehearsed: nothing is to be changed, so that nothing may be written for a proof either.

    Raises:
        Refused: nothing tells; a wrong guess would park jobs where no worker looks. Or the server
            that is known works on another Redis.
    """
    facts, why, warnings = _verified_facts(backend, rehearsed=rehearsed)
    queues = backend.queues.named()
    known = form_known(backend, queues, facts)
    if known is not None:
        return known, warnings
    forms, noted = forms_seen(queues), backend.operations.server_version()
    if QueueForm.Q in forms and noted is None:
        return QueueForm.Q, warnings
    if backend.form is not None:
        return backend.form, warnings
    if QueueForm.Q in forms:
        raise Refused(
            f"Faktory {noted} was seen here and reads NAME, but lists q:NAME are there, too{why}",
            hint=f"give the server: --faktory-url; or {_SAY}",
        )
    if forms:
        return QueueForm.BARE, warnings
    raise Refused(
        f"no list tells in which form this server keeps its queues, q:NAME or NAME{why}", hint=_SAY
    )


def check_form(backend: Backend, planned: QueueForm | None, *, rehearsed: bool) -> tuple[str, ...]:
    """Check that the form of lists of a plan is what the server reads, as far as that is known.

    Returns:
        What there is to warn of.

    Raises:
        Refused: it reads the other one; or the server that is known works on another Redis.
    """
    facts, _, warnings = _verified_facts(backend, rehearsed=rehearsed)
    known = form_known(backend, backend.queues.named(), facts)
    if known not in (None, planned):
        reads, instead = map(FAKTORY.lists_pattern, (planned, known))
        raise Refused(
            f"the plan is for a server that reads the lists {reads}, and this one "
            f"reads {instead}; nothing was changed",
            hint="make a new plan",
        )
    return warnings


def _verified_facts(
    backend: Backend, *, rehearsed: bool
) -> tuple[JobServerFacts | None, str, tuple[str, ...]]:
    """Return what the server on this very Redis says, else why it is not known; and warnings."""
    if backend.faktory is None:
        return None, "", ()
    from jobctl.systems.faktory.verify_server import (  # looking: without
        compare_counters,
        verify_server,
    )

    try:
        if rehearsed:
            warnings = compare_counters(backend)
            if warnings:
                return None, f"; {warnings[0]}", tuple(warnings)
        else:
            verify_server(backend)
        return backend.faktory.facts, "; the server does not say its version", ()
    except Unreachable as error:
        return None, f"; {error}", ()


def remember_server(backend: Backend) -> None:
    """Note the version of the server, for those who come without knowing it; it was asked before.

    Called where something is changed anyway.
    """
    facts = None if backend.faktory is None else backend.faktory.said
    if facts is not None and facts.form is not None and facts.version is not None:
        backend.operations.note_server(facts.version)
