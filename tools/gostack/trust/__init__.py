"""The stack's certificate authority in the stores of this machine."""
