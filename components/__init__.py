"""Reusable component resources; any Pulumi program can import them."""
