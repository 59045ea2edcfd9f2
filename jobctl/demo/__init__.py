"""Lifelike jobs and records, to try jobctl on."""
