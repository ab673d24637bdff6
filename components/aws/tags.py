"""Tags that the components of this package give to what is inside them."""

from collections.abc import Mapping


def named(tags: Mapping[str, str], name: str) -> dict[str, str]:
    """Return tags with the name that people see in the console."""
    return {**tags, "Name": name}
