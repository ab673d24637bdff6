"""`gostack notice`: writes NOTICE, and refuses what may not be compiled or shipped."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from tools.gostack.notice.dependencies import (
    Dependency,
    go_licence,
    go_modules,
    image_references,
    python_licence,
    python_packages,
)
from tools.gostack.notice.licence import Policy, load_policy

_HEAD = """\
gostack is under the Apache License 2.0 (LICENSE). `gostack notice` has written what it is made of beside; the licences
of others are in their own sources, by the version that is named here. What may be among them:
tools/gostack/notice/licences.yaml.
"""


def write_notice(project: Path) -> int:
    """Write NOTICE and return the exit code: 1 when something in it is not allowed."""
    policy = load_policy()
    modules = [(one, go_licence(one)) for one in go_modules(project)]
    packages = [(one, python_licence(one, policy)) for one in python_packages(project)]
    (project / "NOTICE").write_text(notice(policy, modules, packages), encoding="utf-8")
    refused = [policy.refusal(one.name, licence) for one, licence in (*modules, *packages)]
    refused += [
        policy.refusal(f"the image {name}", licence)
        for name, licence in policy.images.items()
        if name not in policy.exceptions
    ]
    for sentence in filter(None, refused):
        print(f"error: {sentence}", file=sys.stderr)
    return int(any(refused))


def notice(
    policy: Policy, modules: Iterable[tuple[Dependency, str]], packages: Iterable[tuple[Dependency, str]]
) -> str:
    """Return the text of NOTICE."""
    lines = [_HEAD, "Images that a stack pulls from their publishers, unless its settings name others:", ""]
    for name, reference in image_references().items():
        reason = policy.exceptions.get(name)
        lines.append(f"  {reference}  {policy.images[name]}" + (f"  ({reason})" if reason else ""))
    for title, found in (
        ("Go modules in the programs that a stack runs:", modules),
        ("Python packages of the program and its command line:", packages),
    ):
        lines += ["", title, "", *(f"  {one.name} {one.version}  {licence}" for one, licence in found)]
    return "\n".join(lines) + "\n"
