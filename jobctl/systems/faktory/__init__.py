"""Faktory: its keys, its payloads, and the wire protocol of its server."""
