"""Releases that watch themselves: a canary's walk to all clients, and its way back."""
