"""NOTICE names what is pinned, under licences that are allowed; a licence is known by its own words.

Does not prove that a module's licence is what NOTICE says: `gostack notice` reads it from the module's sources.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.gostack.notice.dependencies import Dependency, go_modules, image_references, python_packages
from tools.gostack.notice.licence import UNKNOWN, load_policy, recognised

PROJECT = Path(__file__).resolve().parents[2]
NOTICE = (PROJECT / "NOTICE").read_text(encoding="utf-8")
LISTED = {
    Dependency(name, version): licence for name, version, licence in re.findall(r"^  (\S+) (\S+)  (.+)$", NOTICE, re.M)
}
MPL = """Mozilla Public License Version 2.0
1.12. "Secondary License" means either the GNU General Public License, Version 2.0, the GNU Lesser General Public
License, Version 2.1, the GNU Affero General Public License, Version 3.0, or any later versions of those licenses."""


def test_what_is_pinned_is_listed_and_nothing_else() -> None:
    assert sorted(LISTED) == sorted([*go_modules(PROJECT), *python_packages(PROJECT)]), "run `gostack notice`"


def test_every_image_is_listed_with_its_licence_and_the_reason_for_one_that_is_not_allowed() -> None:
    policy = load_policy()
    assert set(policy.images) == set(image_references())
    for name, reference in image_references().items():
        (line,) = [line for line in NOTICE.splitlines() if line.startswith(f"  {reference}  ")]
        assert policy.images[name] in line
        assert (policy.images[name] in policy.allowed) is (name not in policy.exceptions), name
        assert policy.exceptions.get(name, "") in line


def test_nothing_that_is_not_allowed_is_compiled_or_shipped() -> None:
    policy = load_policy()
    assert len(LISTED) > 100
    assert [sentence for one, licence in LISTED.items() if (sentence := policy.refusal(one.name, licence))] == []


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3", "AGPL-3.0"),
        ("License text\nBusiness Source License 1.1", "BUSL-1.1"),
        ("Server Side Public License\nVERSION 1", "SSPL-1.0"),
        ("All rights reserved.", UNKNOWN),
    ],
)
def test_what_may_not_be_used_is_refused(text: str, licence: str) -> None:
    assert recognised([text]) == licence
    assert load_policy().refusal("example.com/module", licence) == (
        f"example.com/module is under {licence}, which licences.yaml does not allow: use something else."
    )


def test_a_module_without_a_licence_is_refused() -> None:
    assert recognised([]) == UNKNOWN


@pytest.mark.parametrize(
    ("texts", "licence"),
    [
        ([MPL], "MPL-2.0"),
        (["Apache License\n   Version 2.0, January 2004"], "Apache-2.0"),
        (["Permission is hereby\ngranted, free of charge", "Apache License, Version 2.0"], "Apache-2.0 AND MIT"),
        (["Redistributions in binary form must … Neither the name of"], "BSD-3-Clause"),
        (["Redistributions in binary form must …"], "BSD-2-Clause"),
    ],
)
def test_what_may_be_used_is_known_by_its_words(texts: list[str], licence: str) -> None:
    assert recognised(texts) == licence
    assert load_policy().refusal("example.com/module", licence) == ""
