"""Schedules in the server's own dialect: what they say, when they fire."""
