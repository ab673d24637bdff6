"""Tags that the components of this package give to what is inside them."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi


class TaggedArgs(TypedDict):
    """Inputs of whatever is in AWS."""

    tags: Mapping[str, str]
    """Tags that every object of the stack carries."""


class AlarmedArgs(TaggedArgs):
    """Inputs of what has alarms."""

    topic_arn: pulumi.Input[str]
    """Topic that alarms tell."""


def named(tags: Mapping[str, str], name: str) -> dict[str, str]:
    """Return tags with the name that people see in the console."""
    return {**tags, "Name": name}
