"""Status records, as the Jobba gem keeps them: query, change, measure."""
