"""No value of a secret is on the page, and nothing of the machine that made it.

Does not prove that everything that should be a secret is one: `tests/graph/test_secrecy.py` does for the program.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from policy.readers import from_recorded
from policy.resource import Marker, Resource
from tests.explorer.conftest import StackView
from tests.graph.conftest import dev_settings, published_graph
from tests.graph.recorder import SECRET as ENVELOPE
from tests.graph.recorder import SIGNATURE, unwrapped
from tools.gostack.explorer.html import render
from tools.gostack.explorer.recording import PROJECT, RecordedStack
from tools.gostack.explorer.texts import SECRET, Texts, readable, readable_inputs
from tools.gostack.explorer.view import page_view


def secret_texts(value: Any, *, inside: bool = False) -> Iterator[str]:
    """Every text inside the envelope of a secret, and every line of it."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == ENVELOPE:
            yield from secret_texts(unwrapped(value["value"]), inside=True)
        else:
            for item in value.values():
                yield from secret_texts(item, inside=inside)
    elif isinstance(value, list):
        for item in value:
            yield from secret_texts(item, inside=inside)
    elif inside and isinstance(value, str):
        yield value
        yield from (line.strip() for line in value.splitlines())
        if value.startswith("{"):
            yield from secret_texts(json.loads(value), inside=True)


def test_no_secret_of_the_recording_is_on_the_page() -> None:
    graph = published_graph("dev")
    resources = graph.resources.values()
    secrets = {text for item in resources for text in secret_texts(dict(item.inputs)) if len(text) >= 12}
    stored = [item for item in resources if item.type == "pulumi:index:Stash"]
    assert len(secrets) > len(stored) >= 8
    page = render(page_view([RecordedStack("dev", dev_settings(), from_recorded(graph.resources.values()), "")]))
    found = [text[:12] for text in secrets if text in page or json.dumps(text)[1:-1] in page]
    assert found == []
    # Certificates are made together with their keys and are public; the page has none of them either. (A script may
    # name the words that one begins with.)
    assert "-----BEGIN" not in page


def test_a_secret_is_shown_as_the_word(dev: StackView) -> None:
    key = next(item for item in dev["resources"] if item["name"] == "authority-key-pair")
    assert key["inputs"]["input"] == SECRET


def test_an_environment_variable_that_is_named_like_a_secret_is_not_shown(page: str, small: StackView) -> None:
    assert "a-value-that-should-have-been-a-secret" not in page
    setting = next(item for item in small["settings"] if item["key"] == "services.users.environment")
    assert setting["value"] == {"API_TOKEN": SECRET}


def test_an_encrypted_value_of_a_stack_file_is_a_secret() -> None:
    assert readable({"token_file": {"secure": "v1:abc"}, "port": 1.0}) == {"token_file": SECRET, "port": 1}


def test_a_key_inside_a_text_is_not_shown() -> None:
    text = "before -----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\n after"
    assert readable(text) == f"before [{SECRET}] after"


def test_variables_that_are_secret_as_a_whole_are_counted() -> None:
    resource = Resource("urn", "docker:index/container:Container", "c", inputs={"envs": ["A=1", Marker.SECRET]})
    assert readable_inputs(resource, Texts()) == {"envs": {"A": "1", "(not shown)": SECRET}}


def test_no_folder_of_this_machine_is_on_the_page(page: str) -> None:
    assert str(PROJECT) not in page
