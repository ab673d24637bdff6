"""The two readers of a stack file, this program's and Pulumi's, agree on every value, or the file is refused.

Pulumi's is the installed command line itself. Does not prove how another version of it reads.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from infra.settings import SettingsError
from infra.settings.stack_file import configuration, read_text, written
from tests.support.engine import Program, missing_toolchain, run_pulumi
from tests.unit.test_stack_file import NOT_THE_SAME, SAME_TO_EVERYBODY, kept

Reader = Callable[[str], Any]
Document = dict[str, Any]


@pytest.fixture(scope="module")
def pulumi(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Text of a stack file to what Pulumi hands to a program, without the namespace; None when it refuses it."""
    why = missing_toolchain()
    if why is not None:
        pytest.skip(why)
    program = Program(tmp_path_factory.mktemp("readers") / "program", ())
    salt = (program.folder / "Pulumi.test.yaml").read_text(encoding="utf-8")
    if shutil.which("pulumi", path=program.variables["PATH"]) is None:
        pytest.skip("there is no pulumi command: run `make env`")

    def read(text: str) -> Any:
        file = program.folder / "Pulumi.test.yaml"
        file.write_text(f"{salt.rstrip()}\n{text}", encoding="utf-8")
        found = run_pulumi(program.folder, program.variables, "config", "--json", "--show-secrets", "--stack", "test")
        if found.code != 0:
            return None
        values: Document = json.loads(found.text[found.text.index("{") :])
        return {key.removeprefix("gostack:"): value.get("objectValue", value["value"]) for key, value in values.items()}

    return read


def ours(text: str) -> Any:
    """What this program reads; None when it refuses it."""
    try:
        return configuration(read_text(text, "f"), "f")
    except SettingsError:
        return None


def block(values: dict[str, str]) -> str:
    return "config:\n  gostack:v:\n" + "".join(f"    {key}: {value}\n" for key, value in values.items())


def test_every_plain_value_that_is_taken_is_the_same_to_pulumi(pulumi: Reader) -> None:
    text = block({f"k{index}": value for index, value in enumerate(SAME_TO_EVERYBODY)})
    assert pulumi(text) == ours(text) is not None


@pytest.mark.parametrize("value", NOT_THE_SAME)
def test_a_value_that_others_read_differently_reaches_nobody(pulumi: Reader, value: str) -> None:
    text = block({"k": value})
    assert ours(text) is None or ours(text) == pulumi(text)


plain = st.one_of(
    st.from_regex(r"[-+]?[0-9_]{1,5}(\.[0-9_]{0,3})?([eE][-+]?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"0[xob]?[0-9a-f]{1,4}", fullmatch=True),
    st.from_regex(r"[0-9]{1,4}[-:.][0-9]{1,2}([-:.][0-9]{1,2}){0,2}", fullmatch=True),
    st.sampled_from(["y", "Yes", "NO", "On", "oFF", "True", "tRUE", "null", "Null", "nULL", "~", "=", "~a", ".", "-a"]),
    st.text("aeEinfNxob0123456789_+-.:~!&*<= ", min_size=1, max_size=8),
)


# Many values an example, as each example asks the command line once. A failure is told as it was found: to make it
# smaller would ask some hundred times.
asking = settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@asking
@given(values=st.lists(plain, min_size=100, max_size=150))
def test_any_plain_value_is_the_same_to_both_or_refused(pulumi: Reader, values: list[str]) -> None:
    # One by one: one that is refused would hide the others.
    taken = {f"k{index}": value for index, value in enumerate(values) if ours(block({"k": value})) is not None}
    if not taken:
        return
    text = block(taken)
    assert pulumi(text) == ours(text)


# What it does not keep is in NOT_THE_SAME, and refused.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(kept)
values = st.recursive(
    st.one_of(texts, st.integers(-(2**53) + 1, 2**53 - 1), st.booleans(), st.sampled_from([0.5, 1.25, -3.75])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=10,
)


@asking
@given(document=st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), values, min_size=10, max_size=20))
def test_what_this_program_writes_pulumi_reads_as_it_was(pulumi: Reader, document: Document) -> None:
    if '"secure"' in json.dumps(document):
        return
    text = written({"config": {f"gostack:{key}": value for key, value in document.items()}})
    assert pulumi(text) == ours(text) is not None
