"""The images that a stack runs, made present on the local Docker engine."""
