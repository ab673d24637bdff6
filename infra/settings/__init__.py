"""The settings of a stack: one frozen model, read once, wrong values refused before anything is registered."""

from infra.settings.errors import SettingsError
from infra.settings.loading import load_settings, load_stack_file, parse_settings
from infra.settings.model import Settings

__all__ = ["Settings", "SettingsError", "load_settings", "load_stack_file", "parse_settings"]
