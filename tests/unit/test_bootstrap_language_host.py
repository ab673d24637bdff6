"""The language host's own judgement: the interpreter it finds, the packages it reports, the traceback it shows.

Does not prove the conversation with the engine: the integration tests run programs through it.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "tools" / "offline" / "toolchain" / "pulumi-language-python"


def load(name: str) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader(
        f"language_host_{Path(name).stem.replace('-', '_')}", str(FOLDER / name)
    )
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))  # type: ignore[arg-type]
    loader.exec_module(module)
    return module


def virtual_environment(folder: Path) -> Path:
    package = folder / "lib" / "python3.11" / "site-packages" / "pulumi"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (folder / "bin").mkdir()
    (folder / "bin" / "python").touch()
    return folder


@pytest.mark.parametrize(
    "line", ["virtualenv: env", 'virtualenv: "env"', "virtualenv: 'env'  # ours", "virtualenv: env "]
)
def test_the_virtual_environment_of_the_project_file_is_used(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    virtual_environment(tmp_path / "env")
    virtual_environment(tmp_path / ".venv")
    (tmp_path / "Pulumi.yaml").write_text(f"name: x\nruntime:\n  name: python\n  options:\n    {line}\n")
    (tmp_path / "infra").mkdir()
    monkeypatch.chdir(tmp_path / "infra")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert load("pulumi-language-python").interpreter() == str(tmp_path / "env" / "bin" / "python")


def test_without_the_option_the_active_environment_is_used_then_the_one_beside_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = load("pulumi-language-python")
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    virtual_environment(tmp_path / ".venv")
    active = virtual_environment(tmp_path / "active")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIRTUAL_ENV", str(active))
    assert launcher.interpreter() == str(active / "bin" / "python")
    monkeypatch.delenv("VIRTUAL_ENV")
    assert launcher.interpreter() == str(tmp_path / ".venv" / "bin" / "python")


def test_an_environment_without_the_sdk_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setenv("PULUMI_PYTHON_CMD", "python-of-the-user")
    assert load("pulumi-language-python").interpreter() == "python-of-the-user"


def test_a_traceback_shows_the_users_frames_alone(tmp_path: Path) -> None:
    program = load("program.py")
    (tmp_path / "mine.py").write_text("import json\n\ndef run():\n    json.loads('nonsense')\n")
    specification = importlib.util.spec_from_file_location("mine", tmp_path / "mine.py")
    assert specification is not None
    assert specification.loader is not None
    mine = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(mine)
    with pytest.raises(ValueError, match="Expecting value") as failure:
        mine.run()
    shown = program.user_traceback(failure.value, str(tmp_path))
    assert f'File "{tmp_path / "mine.py"}", line 4, in run' in shown
    assert shown.count("File ") == 1
    assert shown.endswith("json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)")


def test_a_traceback_without_a_frame_of_the_users_is_shown_whole(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Expecting value") as failure:
        json.loads("nonsense")
    assert "decoder.py" in load("program.py").user_traceback(failure.value, str(tmp_path))
