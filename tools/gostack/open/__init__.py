"""`gostack open`: where a stack is seen in a browser."""
