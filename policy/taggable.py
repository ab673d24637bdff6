"""Which types of AWS take tags, asked of the installed SDK."""

from __future__ import annotations

import importlib
import inspect
import warnings
from functools import cache


@cache
def takes_tags(token: str) -> bool:
    """Return whether a type such as `aws:ec2/vpc:Vpc` has an input `tags` that is a map; False for an unknown one."""
    try:
        _, module, name = token.split(":")
        with warnings.catch_warnings():
            # Whole modules are imported, the deprecated types of them too.
            warnings.simplefilter("ignore", DeprecationWarning)
            resource = getattr(importlib.import_module(f"pulumi_aws.{module.split('/')[0]}"), name)
        # A group of machines has a list of tags with a meaning of its own.
        return "tags" in inspect.signature(resource._internal_init).parameters and "autoscaling/group" not in module
    except (AttributeError, ImportError, ValueError):
        return False
