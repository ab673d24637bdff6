"""Telemetry: where metrics, logs, traces and alerts of a stack are kept, and the page that shows them."""

from components.telemetry.configuration import (
    COLLECTOR,
    COLLECTOR_SOURCE,
    CONSOLE,
    CONSOLE_SOURCE,
    HOST,
    OTLP_ENDPOINT,
    collector_configuration,
    console_configuration,
    scrape_configuration,
)
from components.telemetry.rules import rule_files

__all__ = [
    "COLLECTOR",
    "COLLECTOR_SOURCE",
    "CONSOLE",
    "CONSOLE_SOURCE",
    "HOST",
    "OTLP_ENDPOINT",
    "collector_configuration",
    "console_configuration",
    "rule_files",
    "scrape_configuration",
]
