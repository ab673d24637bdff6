"""The program that `pulumi up` runs: settings, stack, exports."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pulumi

from infra.program import stack_outputs

for key, value in stack_outputs(pulumi.get_stack()).items():
    pulumi.export(key, value)
