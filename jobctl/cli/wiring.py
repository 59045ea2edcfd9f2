"""What is to be said about the doors that were opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.cli.output import say

if TYPE_CHECKING:
    from jobctl.backend import Backend


def note_doors(backend: Backend) -> None:
    """Say which Redis was passed over, because another level of the settings names it."""
    if backend.scope.passed_over is not None:
        say(f"{backend.scope.passed_over} is not used: --faktory-url was given without --url")
