"""What an operator does: look, and (later) move."""
