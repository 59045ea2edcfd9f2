"""The removal of queues: aside, into a file, by the server; and their way back."""
