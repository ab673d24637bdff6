"""A canary's way to all clients, or back."""
