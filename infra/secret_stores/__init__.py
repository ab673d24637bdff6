"""Stores outside of the stack file that keep secrets, one file each; how a stack gets its secrets from them."""
