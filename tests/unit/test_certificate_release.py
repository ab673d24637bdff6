"""A configuration release follows the certificates of a client, and keeps the one that is there while it cannot.

Does not prove that Nginx serves it: tests/integration/test_18_acme.py asks one under load.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.docker.files import SECRETS
from components.ingress.docker import variable_name
from components.ingress.releases import RELEASES
from components.text import script
from tests.support.live_stack import wait_until

OWN = {"certificate.pem": "own certificate", "private_key.pem": "own key"}
FILES = {"nginx.conf": "release @RELEASE@;", "tracks.conf": "tracks", **OWN}

PATIENCE_SECONDS = 120
"""Longer than any of it takes where the machine is busy."""

CURL = """\
#!/bin/sh
echo "$*" >> {folder}/asked
cat >> {folder}/shown
[ ! -e {folder}/away ] || exit 7
[ -e {folder}/served ] || exit 22
while [ "$1" != -o ]; do shift; done
cp {folder}/served "$2"
"""
NGINX = "#!/bin/sh\n[ ! -e {folder}/refuses ]\n"


def pem(number: int) -> str:
    blocks = {"CERTIFICATE": f"leaf {number}", "PRIVATE KEY": f"key {number}"}
    return "".join(f"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n" for kind, text in blocks.items())


class Release:
    """The script in a folder of its own, with programs in the place of nginx and curl; `folder` says what they do."""

    def __init__(self, root: Path) -> None:
        self.folder, self.releases, self.programs = root / "double", root / "releases", root / "programs"
        self.secrets = root / "secrets"
        for folder in (self.folder, self.releases, self.programs, self.secrets):
            folder.mkdir()
        for name, text in ((variable_name("private_key.pem"), OWN["private_key.pem"]), ("CERTIFICATE_TOKEN", "hush")):
            (self.secrets / name).write_text(text)
        for name, text in (("curl", CURL), ("nginx", NGINX)):
            (self.programs / name).write_text(text.format(folder=self.folder))
            (self.programs / name).chmod(stat.S_IRWXU)
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str = "one", **changes: str) -> subprocess.Popen[bytes]:
        """Begin a release; each has a scratch folder of its own, as a container has. The files differ by `changes`."""
        text = script("ingress/release.sh").replace(RELEASES, str(self.releases)).replace(SECRETS, str(self.secrets))
        files = {**FILES, "nginx.conf": changes.get("nginx", FILES["nginx.conf"])}
        process = subprocess.Popen(
            ["sh", "-c", text.replace("/tmp/release", str(self.folder.parent / name))],
            env={
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "FILES": " ".join(sorted(files)),
                **{variable_name(file): text for file, text in files.items() if file != "private_key.pem"},
                "CERTIFICATE_URL": "https://client/certificate",
                "CERTIFICATE_CA": "CA",
                "REGION": "east",
                "CERTIFICATE_SECONDS": "0.2",
            },
            stderr=subprocess.DEVNULL,
        )
        self.running.append(process)
        return process

    def serve(self, number: int) -> None:
        whole = self.folder / "served.next"
        whole.write_text(pem(number))
        whole.replace(self.folder / "served")

    def current(self, file: str) -> str:
        found = self.releases / "current" / file
        return found.read_text().strip() if found.exists() else ""

    def shows(self, text: str) -> None:
        wait_until(lambda: text in self.current("certificate.pem"), PATIENCE_SECONDS, f"{text} is in force")


@pytest.fixture
def release(tmp_path: Path) -> Iterator[Release]:
    made = Release(tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.wait()


def asked(release: Release) -> int:
    file = release.folder / "asked"
    return len(file.read_text().splitlines()) if file.exists() else 0


def some_time(release: Release) -> None:
    """Wait until the client was asked a few more times."""
    before = asked(release)
    wait_until(lambda: asked(release) >= before + 4, PATIENCE_SECONDS, "the client is asked again")


def test_before_the_first_certificate_the_stacks_own_is_in_force_and_then_another_release(release: Release) -> None:
    release.start()
    release.shows("own certificate")
    first = (release.releases / "current").resolve()
    release.serve(1)
    release.shows("leaf 1")
    assert "key 1" in release.current("private_key.pem")
    assert "leaf" not in release.current("private_key.pem")
    after = (release.releases / "current").resolve()
    assert after != first
    assert release.current("nginx.conf") == f"release {after.name};"
    # Its health compares the two.
    wait_until(lambda: (release.folder.parent / "one").read_text() == after.name, PATIENCE_SECONDS, "it knows it")
    assert (first / "certificate.pem").read_text().strip() == "own certificate"
    assert (first / "private_key.pem").read_text() == "own key"


def test_the_token_is_shown_and_no_argument_of_a_program(release: Release) -> None:
    release.start()
    some_time(release)
    assert 'header = "Authorization: Bearer hush"' in (release.folder / "shown").read_text()
    lines = (release.folder / "asked").read_text()
    assert "hush" not in lines
    # The first question comes before it serves.
    assert lines.splitlines()[0].endswith("?region=")
    assert lines.splitlines()[-1].endswith("?region=east")


def test_the_same_certificate_makes_no_other_release(release: Release) -> None:
    release.serve(1)
    release.start()
    release.shows("leaf 1")
    some_time(release)
    assert len(list((release.releases / "releases").iterdir())) == 1


def test_what_nginx_refuses_changes_nothing_and_is_tried_again(release: Release) -> None:
    release.serve(1)
    release.start()
    release.shows("leaf 1")
    (release.folder / "refuses").touch()
    release.serve(2)
    some_time(release)
    assert "leaf 1" in release.current("certificate.pem")
    (release.folder / "refuses").unlink()
    release.shows("leaf 2")
    some_time(release)
    assert not list(release.releases.glob("new.*"))


def test_another_configuration_keeps_the_certificate_while_the_client_is_away(release: Release) -> None:
    release.serve(1)
    release.start()
    release.shows("leaf 1")
    (release.folder / "away").touch()
    release.start("two", nginx="release @RELEASE@; # another route")
    wait_until(lambda: "another route" in release.current("nginx.conf"), PATIENCE_SECONDS, "the other one is in force")
    assert "leaf 1" in release.current("certificate.pem")


def test_a_release_that_was_followed_by_another_one_does_not_come_back(release: Release) -> None:
    release.serve(1)
    release.start()
    release.shows("leaf 1")
    release.start("two", nginx="release @RELEASE@; # another route")
    wait_until(lambda: "another route" in release.current("nginx.conf"), PATIENCE_SECONDS, "the other one is in force")
    release.serve(2)
    release.shows("leaf 2")
    some_time(release)
    assert "another route" in release.current("nginx.conf")


def test_it_ends_at_once_when_it_is_asked_to(release: Release) -> None:
    process = release.start()
    release.shows("own certificate")
    some_time(release)
    process.terminate()
    assert process.wait(timeout=PATIENCE_SECONDS) == 0
