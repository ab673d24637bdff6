"""The settings of a stack: one frozen model, read once, wrong values refused before anything is registered."""

from infra.settings.errors import SettingsError
from infra.settings.loading import load_settings, load_stack_file, parse_settings
from infra.settings.model import Settings
from infra.settings.names import require_service, require_stack_name

__all__ = [
    "Settings",
    "SettingsError",
    "load_settings",
    "load_stack_file",
    "parse_settings",
    "require_service",
    "require_stack_name",
]
