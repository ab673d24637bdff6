"""What fires on a stack."""
