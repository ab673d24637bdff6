"""Nginx's files as they take effect: includes are followed, blocks are blocks.

It proves nothing by itself. `rendered` is the only way by which tests here come to Nginx's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from components.ingress import CanaryTraffic, IngressConfiguration, Route, render_ingress

_TOKEN = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|[^\s{};"']+""")


@dataclass
class Directive:
    """A directive, with what is in its block."""

    name: str
    words: list[str]
    block: list[Directive] = field(default_factory=list["Directive"])

    def values(self, name: str) -> list[str]:
        """What stands behind each directive of this name in the block itself."""
        return [" ".join(item.words) for item in self.block if item.name == name]

    def all(self) -> Iterator[Directive]:
        """It and everything below it."""
        yield self
        for item in self.block:
            yield from item.all()


def rendered(
    *routes: Route, canary: CanaryTraffic | None = None, internal: Sequence[str] = (), limit: int = 0
) -> dict[str, str]:
    """File name to text of the configuration of an ingress with these routes, and services that others call by name."""
    configuration = IngressConfiguration(
        region="east",
        other_regions=["west"],
        hosts=["localhost"],
        https_port=8443,
        routes={"users": list(routes) or [Route(path="/users")]},
        canaries={} if canary is None else {"users": canary},
        limits={"users": limit} if limit else {},
        internal={service: Route(path="/", timeout_seconds=60) for service in internal},
    )
    return dict(render_ingress(configuration))


def effective(files: Mapping[str, str]) -> Directive:
    """The whole configuration; a file that Nginx itself brings is left out."""
    tokens = [token for token in _TOKEN.findall(files["nginx.conf"]) if not token.startswith("#")]
    return Directive("", [], _read(iter(tokens), files))


def _read(tokens: Iterator[str], files: Mapping[str, str]) -> list[Directive]:
    found: list[Directive] = []
    words: list[str] = []
    for token in tokens:
        if token == "}":
            return found
        if token == "{":
            found.append(Directive(words[0], words[1:], _read(tokens, files)))
            words = []
        elif token == ";":
            if words[0] == "include" and words[1] in files:
                inner = [item for item in _TOKEN.findall(files[words[1]]) if not item.startswith("#")]
                found += _read(iter(inner), files)
            elif words[0] != "include":
                found.append(Directive(words[0], words[1:]))
            words = []
        else:
            words.append(token)
    return found
