"""What an operator does with status records: query, change, measure."""
