"""What an operator does with files of cron entries."""
