"""What the options of a component say, for those of its children that must obey it too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pulumi


def given_dependencies(opts: pulumi.ResourceOptions | None) -> list[pulumi.Input[pulumi.Resource]]:
    """Return what the options of a component say that it depends on, for those of its children that must wait.

    Pulumi does not hand it down. And an order without a value that is handed over is all that some need: before a
    container is replaced delete-first, the engine deletes whatever took a value from it.
    """
    given: Any = opts.depends_on if opts is not None else None
    if given is None:
        return []
    return list(cast("Sequence[pulumi.Input[pulumi.Resource]]", given)) if isinstance(given, Sequence) else [given]
