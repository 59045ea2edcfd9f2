"""A deploy: pause queues, wait until they are idle, hold them, and always resume."""
