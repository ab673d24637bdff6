"""Files that a service is given, as its settings say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, model_validator

from components.microservice.folders import OWN_FOLDERS, container_path
from components.microservice.references import literal, references
from components.section import Section

LARGEST_FILE = 65_536
"""Bytes of one file."""

_OF_THE_PLATFORM = (*OWN_FOLDERS, "/proc", "/sys", "/dev")
_EVERY_CONTAINERS = frozenset({"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"})


def _path(value: str) -> str:
    path = container_path(value)
    if path in _EVERY_CONTAINERS or any(path == own or path.startswith(f"{own}/") for own in _OF_THE_PLATFORM):
        raise ValueError(f'"{path}" is written by the platform: choose another path.')
    return path


FilePathInContainer = Annotated[str, AfterValidator(_path)]
"""The absolute path of a file in a container."""


class File(Section):
    """A file that the program may read and nobody may change. Its text is said here, or is that of a file of the
    repository."""

    text: str | None = None
    """Its text, in which `${…}` stands for what other parts of the stack tell."""

    source: str | None = None
    """Path of a text file, relative to the project or absolute, instead of `text`."""

    template: bool = False
    """For `source`: True replaces `${…}` in it too. Without it the file arrives as it is."""

    mode: Literal["0444", "0555"] = "0444"
    """Permissions, in quotes: "0555" for a program. It belongs to root; every user reads it."""

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        if (self.text is None) == (self.source is None):
            raise ValueError("it needs one of text and source: write the text, or the path of a file that has it.")
        if self.template and self.source is None:
            raise ValueError("template means nothing with text, in which ${…} is replaced anyway: remove it.")
        if self.text is not None:
            require_text("text", self.text)
            references(self.text)
        return self

    def content(self, project: Path) -> str:
        """Return its text as it is to be filled.

        Raises ValueError for a source that is no file, too large or no text.
        """
        if self.source is None:
            return self.text or ""
        file = project / Path(self.source).expanduser()
        what = f'source is "{self.source}"'
        if not file.is_file():
            raise ValueError(f"{what}, which is not a file: write a path relative to Pulumi.yaml, or absolute.")
        data = file.read_bytes()
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise ValueError(f"{what}, which is not text in UTF-8: put it into the image (build.assets).") from None
        require_text(what, text)
        if self.template:
            references(text)
            return text
        return literal(text)


def require_text(what: str, text: str) -> None:
    """Raise ValueError for a text that no file can be given."""
    size = len(text.encode(errors="replace"))
    if not text or "\0" in text:
        raise ValueError(f"{what} is empty or has a character with the code 0: write at least one, all of them text.")
    if size > LARGEST_FILE:
        raise ValueError(
            f"{what} has {size} bytes, and a file {LARGEST_FILE} at most: put it into the image (build.assets)."
        )


def _text_alone(given: Any) -> Any:
    return {"text": given} if isinstance(given, str) else given


ServiceFile = Annotated[File, BeforeValidator(_text_alone, json_schema_input_type=File | str)]
"""A file, or its text alone."""
