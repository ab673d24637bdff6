"""A stack file is read as it is written, or refused with its line, and written back without a changed character.

Does not prove what Pulumi makes of it: `tests/contract/test_two_readers.py` asks it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.settings import SettingsError
from infra.settings.stack_file import SALT, configuration, read_stack_file, read_text, with_salt, written
from tools.gostack.lifecycle.workspace import Workspace

PROJECT = Path(__file__).resolve().parents[2]
SALT_OF_ANOTHER = "v1:AAAAAAAAAAA=:v1:BBBBBBBBBBBBBBBB:CCCCCCCCCCCCCCCCCCCCCCCC=="

SAME_TO_EVERYBODY: dict[str, Any] = {
    "12": 12,
    "-3": -3,
    "0.25": 0.25,
    "2.0": 2,
    "true": True,
    "~": None,
    "a text": "a text",
    '"123e45"': "123e45",
    "'0o17'": "0o17",
    "1.2.3": "1.2.3",
    "10.80.1.0/24": "10.80.1.0/24",
    "yes": "yes",
    "off": "off",
    "2:20:43": "2:20:43",
    "12:30": "12:30",
    '"\\t\\u2028a"': "\t\u2028a",
    '" \\n a\\n"': " \n a\n",
    '"a\\n\\n\\tb"': "a\n\n\tb",
}

NOT_THE_SAME = (
    *(
        "123e45",
        "1e3",
        "1E3",
        "12e03",
        "0o17",
        "017",
        "0x1F",
        "0b101",
        "1_000",
        "+_37E98",
        "+1",
        "+1.5",
        "-0",
        "08",
        ".5",
        "1.",
    ),
    *(".inf", "-.inf", ".NaN", "2026-11-28", "2026-1-2", "2026-11-28T10:00:00Z", "9223372036854775808", "1e400"),
    *("0.00001", "0.1234567890123456789", "<<", '!!int "12"', "!!str 12", "&x !!str 12", "!!binary aGVsbG8=", "!x y"),
    *('"\\n"', '"\\n\\n"', '"\\na"', "'\n\n  a'", "|2\n\n  a", '{"\\n": 1}'),
    *('"\\ta\\nb"', '"\\u2028\\n"', '"\\u2029a\\n"'),
)


@pytest.mark.parametrize(("text", "value"), SAME_TO_EVERYBODY.items())
def test_what_every_program_reads_alike_is_taken(text: str, value: Any) -> None:
    read = read_text(f"key: {text}\n", "Pulumi.x.yaml")["key"]
    assert read == value
    assert isinstance(read, type(value))


@pytest.mark.parametrize("text", NOT_THE_SAME)
def test_what_programs_read_differently_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^Pulumi\.x\.yaml has .*, in line 2: write "):
        read_text(f"first: 1\nkey: {text}\n", "Pulumi.x.yaml")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", 'has the key "a" twice, in line 3'),
        ("1: a\n", "has the key 1, which some programs read as something else, in line 1"),
        ("true: a\n", "has the key true, which"),
        ("~: a\n", "has the key ~, which"),
        ("? [a]\n: b\n", "has a key that is no text"),
        ("a: &a [*a]\n", "has an anchor inside what it names"),
        ("a: {<<: 1}\n", 'has a "<<" without a mapping'),
        ("a: " + "[" * 600 + "]" * 600, "has more than 64 lists and mappings inside each other"),
        ("a: " + "{a: " * 100_000, "has more than 64 lists and mappings inside each other"),
        ("a: [", "is not valid YAML"),
        ("- a\n", "holds no settings"),
        ("a: 1\n---\na: 2\n", "is not valid YAML"),
    ],
)
def test_a_document_that_means_nothing_or_two_things_is_refused(text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_text(text, "Pulumi.x.yaml")
    assert str(caught.value).startswith(f"Pulumi.x.yaml {problem}")


def test_an_anchor_stands_for_what_it_names() -> None:
    document = read_text("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\n", "f")
    assert document == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2}}


def test_a_single_value_is_handed_over_as_text_as_pulumi_does() -> None:
    document = read_text("config: {'gostack:a': 12, 'gostack:b': true, 'gostack:c': 1.10, 'pulumi:d': x}\n", "f")
    assert configuration(document, "f") == {"a": "12", "b": "true", "c": "1.1"}


def test_an_empty_section_and_a_key_without_a_namespace_are_told() -> None:
    with pytest.raises(SettingsError, match=r"^gostack:backbone is empty: remove it, or give it a value\.$"):
        configuration(read_text("config:\n  gostack:backbone:\n", "f"), "f")
    with pytest.raises(SettingsError, match='has the key "services" in its config: did you mean "gostack:services"'):
        configuration(read_text("config:\n  services: {}\n", "f"), "f")


def kept(text: str) -> bool:
    """Whether Pulumi keeps a text."""
    return "\n" not in text or text[0] not in "\n\t\u2028\u2029"


texts = st.text().filter(kept)
documents = st.recursive(
    st.one_of(texts, st.integers(-(2**53) + 1, 2**53 - 1), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
printable = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"], exclude_characters="\u2028\u2029\ufeff"))


@settings(max_examples=40, deadline=None)
@given(document=st.dictionaries(texts, documents, min_size=1, max_size=4))
def test_what_is_written_is_read_again(document: dict[str, Any]) -> None:
    assert read_text(written(document), "f") == document


@settings(max_examples=40, deadline=None)
@given(values=st.lists(printable, max_size=5))
def test_the_salt_is_added_and_nothing_else_is_changed(values: list[str]) -> None:
    text = written({"config": {f"gostack:v{index}": value for index, value in enumerate(values)}}) + "# the end\n"
    salted = with_salt(with_salt(text, "v1:first"), "v1:second")
    assert salted == f"{text}{SALT}: v1:second\n"
    assert read_text(salted, "f") == {**read_text(text, "f"), SALT: "v1:second"}


class KnownStack(Workspace):
    """A stack that is there already."""

    def exists(self) -> bool:
        return True


def prepared(tmp_path: Path, text: str, earlier: str = f"{SALT}: {SALT_OF_ANOTHER}\n") -> str:
    """The configuration file that Pulumi gets of a stack file."""
    (tmp_path / ".gostack").mkdir()
    (tmp_path / "Pulumi.x.yaml").write_text(text, encoding="utf-8")
    (tmp_path / ".gostack" / "Pulumi.x.yaml").write_text(earlier, encoding="utf-8")
    workspace = KnownStack(tmp_path, "x")
    workspace.prepare()
    return workspace.configuration_file.read_text(encoding="utf-8")


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_pulumi_gets_a_stack_file_as_it_was_written(stack: str, tmp_path: Path) -> None:
    text = (PROJECT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    assert prepared(tmp_path, text) == f"{text}{SALT}: {SALT_OF_ANOTHER}\n"


@pytest.mark.parametrize("value", ["123e45", "1e3", "0o17", "1_000", "yes", "2026-11-28", "1.10", "007"])
def test_a_text_in_quotes_stays_in_quotes(value: str, tmp_path: Path) -> None:
    text = f'config:\n  gostack:v: {{a: "{value}"}}\n'
    assert f'"{value}"' in prepared(tmp_path, text)


def test_a_file_of_braces_gets_the_salt_too(tmp_path: Path) -> None:
    text = '{"config": {"gostack:v": {"a": "123e45", "b": 1.10}}}\n'
    found = read_text(prepared(tmp_path, text), "f")
    assert found == {"config": {"gostack:v": {"a": "123e45", "b": 1.1}}, SALT: SALT_OF_ANOTHER}


def test_what_the_file_has_encrypted_keeps_the_salt_that_it_was_encrypted_with(tmp_path: Path) -> None:
    text = f"{SALT}: v1:own\nconfig:\n  gostack:v:\n    a:\n      secure: v1:x\n"
    assert read_text(prepared(tmp_path, text), "f")[SALT] == "v1:own"


def test_a_file_that_an_earlier_release_wrote_is_only_asked_for_its_salt(tmp_path: Path) -> None:
    earlier = f"config:\n  gostack:v:\n    a: 123e45\n{SALT}: {SALT_OF_ANOTHER}\n"
    assert read_text(prepared(tmp_path, "config:\n  gostack:v: {a: b}\n", earlier), "f")[SALT] == SALT_OF_ANOTHER


def test_the_published_files_hold_nothing_that_is_read_in_two_ways() -> None:
    for file in sorted(PROJECT.glob("Pulumi.*.yaml")):
        assert read_stack_file(file)["config"]
