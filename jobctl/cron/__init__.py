"""Files of cron entries, and when their schedules fire."""
