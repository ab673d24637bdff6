"""Providers that answer in place of plugins which cannot be fetched."""
