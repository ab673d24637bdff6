"""The images that a stack runs, made present on the local Docker engine; what is in them, and who has signed them."""
