"""What the data is: pure frozen values, no I/O."""
