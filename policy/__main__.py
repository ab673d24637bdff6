"""Two ways in: `python -m policy check` judges a file, and Pulumi's engine starts the folder as a policy pack."""

from __future__ import annotations

import os
import sys

if not __package__:
    # The engine starts the folder and not the package. The folder itself must go from the path: its `resource` would
    # stand in the way of the standard library's.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

if __package__:
    from policy.command import main

    sys.exit(main(sys.argv[1:]))

import pulumi_policy

from policy.pack import NAME, policies
from policy.sdk import prepare

prepare()
# Serves until the engine ends it.
pulumi_policy.PolicyPack(NAME, policies())
