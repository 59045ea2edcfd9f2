"""Find, list, count and wait for jobs."""
