"""The watch of an operation: sees the preview and the progress, and answers the question."""

from __future__ import annotations

from jobctl.model.preview import Preview


class Watch:
    """Says yes, and nothing else: what the library uses where no other is given."""

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
