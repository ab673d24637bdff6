"""The recipes of the stand-ins: their tags, the mirror they are built from, the Dockerfiles' common promises.

Does not build anything: that an image keeps upstream's contract is measured on a real engine (the README
beside the recipes).
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from infra.settings.images import ImageSettings
from tools.offline.images.build import DEFAULT_MIRROR, STAND_INS, Recipes, host_mirror, required_module

IMAGES = Path(__file__).resolve().parents[2] / "tools" / "offline" / "images"


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    """A copy of the real recipes that a test may change."""
    return Path(shutil.copytree(IMAGES, tmp_path / "images"))


def test_a_tag_is_stable_and_well_formed(recipes: Path) -> None:
    first = Recipes(recipes).tag("mysql")
    assert re.fullmatch(r"gostack/stand-in-mysql:[0-9a-f]{12}", first)
    assert Recipes(recipes).tag("mysql") == first


def test_a_changed_recipe_changes_its_own_tag_only(recipes: Path) -> None:
    before = {name: Recipes(recipes).tag(name) for name in ("mysql", "nginx", "consul", "pause")}
    (recipes / "mysql" / "my.cnf").write_text("[mysqld]\n")
    after = {name: Recipes(recipes).tag(name) for name in before}
    assert [name for name in before if before[name] != after[name]] == ["mysql"]


def test_a_changed_base_changes_every_tag_that_stands_on_it(recipes: Path) -> None:
    before = {name: Recipes(recipes).tag(name) for name in ("mysql", "nginx", "consul", "pause")}
    with (recipes / "base" / "build.sh").open("a") as script:
        script.write("# changed\n")
    after = {name: Recipes(recipes).tag(name) for name in before}
    assert [name for name in before if before[name] == after[name]] == ["pause"]


def test_a_program_that_is_compiled_beside_another_follows_its_version(recipes: Path) -> None:
    before = {name: Recipes(recipes).tag(name) for name in ("victoria-metrics", "victoria-logs", "vmalert")}
    with (recipes / "victoria-metrics" / "go.mod").open("a") as module:
        module.write("// changed\n")
    after = {name: Recipes(recipes).tag(name) for name in before}
    assert [name for name in before if before[name] == after[name]] == ["victoria-logs"]


@pytest.mark.parametrize(
    ("recipe", "images"),
    [
        ("victoria-metrics", ["victoria_metrics", "vmalert"]),
        ("victoria-logs", ["victoria_logs"]),
        ("oauth2-proxy", ["oauth2_proxy"]),
    ],
)
def test_a_stand_in_that_is_compiled_has_the_version_of_upstreams_image(recipe: str, images: list[str]) -> None:
    _, version = required_module((IMAGES / recipe / "go.mod").read_text())
    assert {getattr(ImageSettings(), name).partition(":")[2] for name in images} == {version}


def test_prose_changes_no_tag(recipes: Path) -> None:
    before = Recipes(recipes).tag("consul")
    (recipes / "consul" / "README.md").write_text("changed")
    assert Recipes(recipes).tag("consul") == before


def test_a_lost_executable_bit_changes_the_tag(recipes: Path) -> None:
    before = Recipes(recipes).tag("consul")
    (recipes / "consul" / "docker-entrypoint.sh").chmod(0o644)
    assert Recipes(recipes).tag("consul") != before


def test_the_go_stand_in_follows_the_machine_it_is_copied_from(
    recipes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = tmp_path / "certificates.crt"
    certificates.write_text("one")
    version = "go1.26.8 linux/amd64"
    monkeypatch.setattr("tools.offline.images.build.find_go", lambda: ("go", version))
    first = Recipes(recipes, certificates).tag("golang")
    certificates.write_text("two")
    second = Recipes(recipes, certificates).tag("golang")
    version = "go1.26.9 linux/amd64"
    third = Recipes(recipes, certificates).tag("golang")
    assert len({first, second, third}) == 3


@pytest.mark.parametrize("name", STAND_INS)
def test_every_stand_in_says_that_it_is_one(name: str) -> None:
    text = (IMAGES / name / "Dockerfile").read_text()
    assert "org.opencontainers.image.title=" in text
    assert "gostack.stand-in=true" in text


@pytest.mark.parametrize("path", sorted(IMAGES.rglob("Dockerfile")), ids=lambda path: path.parent.name)
def test_recipes_need_no_buildkit(path: Path) -> None:
    """Docker's own packages and Debian's come without the buildx plugin often enough."""
    assert not re.search(r"--mount=|<<\w|--chmod|--link|^# *syntax=", path.read_text(), re.MULTILINE)


def etc(tmp_path: Path, distribution: str, name: str, text: str) -> Path:
    (tmp_path / "apt" / "sources.list.d").mkdir(parents=True)
    (tmp_path / "os-release").write_text(f'NAME="x"\nID={distribution}\n')
    (tmp_path / "apt" / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sources.list", "# deb http://old.example/debian sid main\ndeb http://m.example/debian bookworm main\n"),
        ("sources.list", "deb [arch=amd64 signed-by=/k.gpg] http://m.example/debian/ bookworm main\n"),
        ("sources.list.d/debian.sources", "Types: deb\n# http://x.example/debian\nURIs: http://m.example/debian\n"),
        (
            "sources.list.d/a.list",
            "deb https://packages.example.com/apt stable main\ndeb http://m.example/debian trixie main\n",
        ),
    ],
)
def test_the_mirror_is_the_one_that_the_host_uses(tmp_path: Path, name: str, text: str) -> None:
    assert host_mirror(etc(tmp_path, "debian", name, text)) == "http://m.example/debian"


@pytest.mark.parametrize(
    ("distribution", "text"),
    [
        ("ubuntu", "deb http://m.example/debian noble main\n"),
        ("debian", "deb http://security.example/debian-security bookworm-security main\n"),
        ("debian", ""),
    ],
)
def test_any_other_source_gives_debians_own_mirror(tmp_path: Path, distribution: str, text: str) -> None:
    assert host_mirror(etc(tmp_path, distribution, "sources.list", text)) == DEFAULT_MIRROR


def test_a_machine_without_apt_gets_debians_own_mirror(tmp_path: Path) -> None:
    assert host_mirror(tmp_path) == DEFAULT_MIRROR
