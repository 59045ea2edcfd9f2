"""Files of cron entries: where they stand, and what the server would make of them."""
