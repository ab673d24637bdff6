"""A copy of prod's stack file is refused until domain and registry are its own; a time to go means nothing there.

Does not prove that AWS refuses anything, nor that two stacks on a cluster stand apart: test_08_two_stacks.py does.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.settings import Settings, SettingsError
from infra.settings.neighbours import require_apart
from tests.graph.conftest import PROJECT, Document, published_settings


def prod(*changes: tuple[str, str], **values: Any) -> Settings:
    """The published settings of prod with texts replaced and keys added."""

    def change(document: Document) -> None:
        text = json.dumps(document)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        document.clear()
        document.update(json.loads(text), **values)

    return published_settings("prod", change)


DOMAIN = ("api.example.com", "shop.example.com")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ([], r'gostack:aws.domain.name is "api.example.com", which Pulumi.prod.yaml has already'),
        (
            [DOMAIN],
            r'gostack:aws.account is "123456789012", whose registry in eu-central-1 is that of Pulumi.prod.yaml',
        ),
    ],
)
def test_a_copy_of_prod_is_refused_with_the_key_that_has_to_differ(
    changes: list[tuple[str, str]], problem: str
) -> None:
    with pytest.raises(SettingsError, match=problem):
        require_apart("shop", prod(*changes), PROJECT)


def test_a_copy_of_prod_in_an_account_of_its_own_may_be() -> None:
    require_apart("shop", prod(DOMAIN, ("123456789012", "210987654321")), PROJECT)
    require_apart("prod", prod(), PROJECT)


def test_a_stack_on_aws_is_not_there_for_a_while() -> None:
    with pytest.raises(SettingsError, match=r"gostack:expires has no meaning with gostack:aws"):
        prod(expires="2026-11-30T12:00:00Z")
