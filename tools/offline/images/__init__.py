"""Fallback images, built from package mirrors."""
