"""Stacks beside each other: which there are, and another one with ports and networks of its own."""
