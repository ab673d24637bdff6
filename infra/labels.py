"""Labels that every object of a stack carries."""

from __future__ import annotations


def stack_labels(stack: str) -> dict[str, str]:
    """Return the labels by which tools and people find what belongs to a stack."""
    return {"gostack.project": "gostack", "gostack.stack": stack}
