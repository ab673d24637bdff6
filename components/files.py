"""A file that a program finds where it looks for it, whatever it runs on."""

from typing import NotRequired, TypedDict

import pulumi


class GivenFile(TypedDict):
    """A text that every user of a container may read and nobody may change."""

    content: pulumi.Input[str]
    """Its text, never empty; a secret Output where it holds a secret."""

    executable: NotRequired[bool]
    """True for a program."""


def file_mode(file: GivenFile) -> int:
    """Return the permissions of a file."""
    return 0o555 if file.get("executable") else 0o444
