"""Whoever looks on while an operation runs: sees how far it is, confirms, stops it."""

from __future__ import annotations

from jobctl.model.preview import Preview


class Watch:
    """Looks on and says nothing: what the library uses where nobody else is given."""

    wants_preview = False  # whether the preview is to have a histogram
    unpaused = False  # whether removed jobs come back also to a queue whose pause cannot
    server_changed = False  # whether undo, resume and apply go on where it may be other data
    rehearses = False  # whether nothing is to be changed: undo, resume and apply show and end

    def choosing(self, looked: int, total: int, matched: int) -> None:
        """Hear how many members were looked at, of how many, and how many matched."""

    def acting(self, done: int, total: int) -> None:
        """Hear how many jobs were dealt with, of how many."""

    def confirm(self, preview: Preview) -> bool:  # noqa: ARG002
        """Say whether to go on; here always."""
        return True

    def show(self, preview: Preview) -> None:
        """See what would be changed, and is not."""

    def began(self, operation: str) -> None:
        """Hear the id of the operation that changes something from now on."""

    def stopping(self) -> bool:
        """Say whether to end after the batch that is under way."""
        return False
