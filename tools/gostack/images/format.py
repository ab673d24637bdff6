"""Formats of a software bill of materials."""

from enum import StrEnum


class Format(StrEnum):
    """By syft's names."""

    CYCLONEDX = "cyclonedx-json"
    SPDX = "spdx-json"
