"""`gostack status`: whether a stack is what its settings say."""
