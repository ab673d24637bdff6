"""Options and tags that the components of this package hand to what is inside them."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi


def given_dependencies(opts: pulumi.ResourceOptions | None) -> list[pulumi.Input[pulumi.Resource]]:
    """Return what the options of a component say that it depends on: Pulumi does not hand it down to its children."""
    given: Any = opts.depends_on if opts is not None else None
    if given is None:
        return []
    return list(cast("Sequence[pulumi.Input[pulumi.Resource]]", given)) if isinstance(given, Sequence) else [given]


def named(tags: Mapping[str, str], name: str) -> dict[str, str]:
    """Return tags with the name that people see in the console."""
    return {**tags, "Name": name}
