"""What operations work on: jobs in sets, reservations, records, whole queues."""
