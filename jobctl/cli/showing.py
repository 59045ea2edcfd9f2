"""``show JID``: one job of one set."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from jobctl.cli.session import Session
from jobctl.cli.writing import console, say, write_bytes, write_document, write_rows
from jobctl.errors import NotFound
from jobctl.model.rows import listing_keys, listing_row
from jobctl.model.status import Status
from jobctl.systems.layout import Kind

if TYPE_CHECKING:
    from jobctl import Store


def show_job(session: Session, store: Store, kind: Kind, jid: str, *, raw: bool) -> None:
    """Show the member of a set that has this JID.

    Raises:
        NotFound: none has it.
    """
    entries = sorted(store.set(kind).find([jid]), key=lambda entry: (entry.score, entry.raw))
    if not entries:
        raise NotFound(
            f"{jid} is not in {kind.value}", hint=f"anywhere else? jobctl status {quote(jid)}"
        )
    if len(entries) > 1:
        say(f"{len(entries)} members of {kind.value} have this JID; this is the first by score")
    entry = entries[0]
    if raw:
        write_bytes(entry.raw)
    elif session.in_json:
        write_document(session, listing_row(entry) | {"payload": entry.job.payload})
    elif session.format.human:
        from jobctl.render.story import print_story

        print_story(console(session), Status(jid, (entry,)), store.server.now())
    else:
        write_rows(session, [listing_row(entry)], listing_keys(kind), store.server.now())
