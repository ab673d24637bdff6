"""The program that `pulumi up` runs: settings, stack, exports."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pulumi

from infra.images import resolved_images
from infra.settings import SettingsError, load_settings
from infra.stack import build_stack

try:
    settings = load_settings()
except SettingsError as error:
    raise pulumi.RunError(str(error)) from None

for key, value in build_stack(pulumi.get_stack(), settings, resolved_images(settings)).items():
    pulumi.export(key, value)
