"""Secrets of services in stack files."""
