"""The real Alertmanager accepts what the program renders, for every kind of receiver, and starts with it as the user
and with the rights that its container has.

Does not prove that anybody is reached; needs an engine with an image of Alertmanager: without one it is skipped.
"""

from __future__ import annotations

import subprocess

from components.telemetry.alertmanager import DATA, URL
from tests.support.images import image_or_skip
from tests.unit.test_alert_receivers import RECEIVERS, exported

START = f"""\
printf '%s' "$CONFIGURATION" > /tmp/alertmanager.yml
amtool check-config /tmp/alertmanager.yml || exit 1
alertmanager --config.file=/tmp/alertmanager.yml --storage.path={DATA} --web.listen-address=127.0.0.1:9093 \
  --cluster.listen-address= &
for attempt in $(seq 50); do
  if amtool --alertmanager.url={URL} cluster show; then exit 0; fi
  sleep 0.2
done
exit 1
"""


def test_it_starts_with_every_kind_of_receiver() -> None:
    options = ["--rm", "--network", "none", "--user", "65534:65534", "--read-only", "--cap-drop", "ALL"]
    options += ["--tmpfs", "/tmp:mode=1777", "--tmpfs", f"{DATA}:mode=1777"]
    options += ["--env", f"CONFIGURATION={exported(*RECEIVERS)['value']}"]
    result = subprocess.run(
        ["docker", "run", *options, "--entrypoint", "/bin/sh", image_or_skip("alertmanager"), "-c", START],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(RECEIVERS) + 1} receivers" in result.stdout
