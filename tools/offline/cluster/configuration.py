"""Text for the programs of the cluster, from the templates beside this file and the layout."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from components.text import templates
from tools.offline.cluster import layout

HEADER = "# Written by `make cluster`; a change here is overwritten.\n"


def rendered(template: str, **values: Any) -> str:
    """Return the text of a template, for example "kubelet.yaml", filled with values; `layout` is known to each."""
    text = _TEMPLATES.get_template(f"{template}.j2").render(layout=layout, **values)
    return text if template.endswith(".json") else HEADER + text


def resolver(host: str, fallback: str = "1.1.1.1") -> str:
    """The resolv.conf of pods that use the node's name servers, from that of the host.

    A name server on the host's loopback address cannot be reached from a pod and is left out.
    """
    servers = [line.split()[1] for line in host.splitlines() if line.startswith("nameserver") and len(line.split()) > 1]
    reachable = [server for server in servers if not server.startswith("127.") and server != "::1"] or [fallback]
    return "".join(f"nameserver {server}\n" for server in reachable)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


_TEMPLATES = templates(Path(__file__).resolve().parent / "templates")
_TEMPLATES.filters["base64"] = _base64  # pyright: ignore[reportUnknownMemberType]
