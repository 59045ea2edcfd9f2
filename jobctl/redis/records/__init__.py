"""Status records, and the indexes that lead to them."""
