"""Which jobs and records are meant: flags and expressions."""
