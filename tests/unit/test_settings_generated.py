"""Settings as a generator writes them: whatever is valid is accepted as it was written, whatever is not is refused by
its key.

Does not prove that a stack with these settings comes up: `tests/integration/test_rendered_nginx.py` asks nginx at
least.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.settings import SettingsError, parse_settings
from tests.support.generated import valid_settings

Document = dict[str, Any]

quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def sections(document: Document) -> list[tuple[str, Document]]:
    """Key to every section in which an unknown key can stand."""
    found: list[tuple[str, Document]] = [("gostack:", document)]
    for key in ("backbone", "consul", "mysql", "ingress", "certificates", "rotation", "images"):
        if key in document:
            found.append((f"gostack:{key}.", document[key]))
    found += [(f"gostack:regions.{name}.", region) for name, region in document["regions"].items()]
    for name, service in document["services"].items():
        found.append((f"gostack:services.{name}.", service))
        found += [(f"gostack:services.{name}.{key}.", service[key]) for key in ("check", "database") if key in service]
        found += [
            (f"gostack:services.{name}.routes.{index}.", route) for index, route in enumerate(service.get("routes", []))
        ]
    return found


@quick
@given(document=valid_settings())
def test_valid_settings_are_accepted_as_they_are_written(document: Document) -> None:
    accepted = parse_settings(document).model_dump()
    for key, given_section in sections(document):
        current: Any = accepted
        for part in [part for part in key.removeprefix("gostack:").split(".") if part]:
            current = current[int(part)] if isinstance(current, list) else current[part]
        for name, value in given_section.items():
            if not isinstance(value, dict | list):
                assert current[name] == value, f"{key}{name}"


@quick
@given(document=valid_settings(), data=st.data())
def test_an_unknown_key_is_refused_by_its_name_wherever_it_stands(document: Document, data: st.DataObject) -> None:
    changed = copy.deepcopy(document)
    prefix, section = data.draw(st.sampled_from(sections(changed)))
    key = data.draw(st.from_regex(r"[a-z][a-z_]{0,14}", fullmatch=True).map(lambda text: f"{text}_zz"))
    section[key] = 1
    with pytest.raises(SettingsError) as caught:
        parse_settings(changed)
    sentence = str(caught.value)
    assert sentence.startswith(f"{prefix}{key} is not a known key: ")
    assert sentence.endswith((".", "?"))
    assert "\n" not in sentence


@quick
@given(document=valid_settings(), data=st.data())
def test_a_key_with_a_letter_missing_is_told_the_right_one(document: Document, data: st.DataObject) -> None:
    changed = copy.deepcopy(document)
    prefix, section = data.draw(st.sampled_from([item for item in sections(changed) if item[1]]))
    key = data.draw(st.sampled_from(sorted(section)))
    wrong = key[:-1]
    if len(key) < 6:
        # Short keys resemble each other.
        return
    section[wrong] = section.pop(key)
    with pytest.raises(SettingsError) as caught:
        parse_settings(changed)
    assert str(caught.value) == f'{prefix}{wrong} is not a known key: did you mean "{key}"?'


@quick
@given(document=valid_settings(), data=st.data())
def test_settings_are_refused_or_accepted_but_never_break_the_reader(document: Document, data: st.DataObject) -> None:
    changed = copy.deepcopy(document)
    _, section = data.draw(st.sampled_from([item for item in sections(changed) if item[1]]))
    key = data.draw(st.sampled_from(sorted(section)))
    section[key] = data.draw(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(max_size=8),
            st.lists(st.integers(), max_size=2),
            st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
        )
    )
    problem = told(changed)
    assert problem is None or (problem.startswith("gostack:") and "\n" not in problem)


def told(document: Document) -> str | None:
    """What the settings say of a document; None when they accept it."""
    try:
        parse_settings(document)
    except SettingsError as error:
        return str(error)
    return None
