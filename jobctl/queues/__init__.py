"""Pause, hold, drain and resume queues."""
