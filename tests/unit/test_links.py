"""Every relative link of a page, pictures too, leads to something under version control.

Does not prove that a heading behind a `#` is there, nor that another site answers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.environment.processes import capture

_CODE = re.compile(r"^( *)(`{3,}).*?^\1\2$|`[^`\n]+`", re.M | re.S)
_LINK = re.compile(r"""\]\(\s*<?([^\s)>]+)|^\[[^\]]+\]:\s+(\S+)|\b(?:href|src)=["']([^"']+)""", re.M)
_ELSEWHERE = re.compile(r"[a-z][a-z+.-]*:|#|//")


def relative_links(text: str) -> Iterator[str]:
    """Yield where the links of a page lead, relative to it; what is in code is none."""
    for found in _LINK.finditer(_CODE.sub("", text)):
        link = next(filter(None, found.groups()))
        if not _ELSEWHERE.match(link):
            yield link.partition("#")[0]


def test_what_counts_as_a_relative_link() -> None:
    page = """[one](docs/a.md#part) [![two](b.svg)](c.md "title") <img src="d.png"> `[no](x.md)` [up](../e/)
[no](https://example.com/x.md) [no](#part) [no](mailto:a@example.com)

```sh
[no](x.md)
```

[six]: f.md
"""
    assert [*relative_links(page)] == ["docs/a.md", "b.svg", "c.md", "d.png", "../e/", "f.md"]


def test_every_relative_link_leads_to_what_is_under_version_control() -> None:
    listed = capture(["git", "-C", str(PROJECT_ROOT), "ls-files"])
    if not listed:
        pytest.skip("this is no checkout of Git: nobody knows what is under version control")
    files = listed.splitlines()
    known = {*files, *(str(folder) for file in files for folder in PurePosixPath(file).parents)}
    pages = [file for file in files if file.endswith(".md")]
    links = [
        (page, os.path.normpath(PurePosixPath(page).parent / link))
        for page in pages
        for link in relative_links((PROJECT_ROOT / page).read_text(encoding="utf-8"))
    ]
    assert len(links) > 50
    assert [f"{page}: {place}" for page, place in links if place not in known] == []
