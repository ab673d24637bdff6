"""The blocks in the READMEs of the example services are settings that a stack takes.

Does not prove that the services work: tests/integration/test_15_examples.py does.
"""

from __future__ import annotations

from pathlib import Path

from infra.settings.files import require_files
from tests.graph.conftest import Document, dev_settings
from tests.support.examples import EXAMPLES, written_examples

PROJECT = Path(__file__).resolve().parents[2]


def test_the_block_of_each_readme_is_accepted_beside_the_sample_service() -> None:
    def change(document: Document) -> None:
        for key, values in written_examples().items():
            document.setdefault(key.removeprefix("gostack:"), {}).update(values)
        document["services"]["notes"]["secrets"] = {"JWT_KEY": "a key of the tests"}

    settings = dev_settings(change)
    require_files(settings, PROJECT)
    assert {path.name for path in EXAMPLES.iterdir()} <= set(settings.services)
    worker = settings.services["tickets-worker"]
    assert (worker.kind, worker.database_owner("tickets-worker")) == ("worker", "tickets")


def test_no_example_has_a_line_of_code_for_this_stack() -> None:
    for source in EXAMPLES.rglob("*.go"):
        text = source.read_text(encoding="utf-8").lower()
        assert not [word for word in ("gostack", "consul", "mysql_primary", "instance_id") if word in text], source
