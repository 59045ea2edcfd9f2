"""The wire protocol of a running Faktory server."""
