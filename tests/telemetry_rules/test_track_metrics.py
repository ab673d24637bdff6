"""What a canary is judged by, as a real store of metrics counts it.

Does not prove that the collector makes these series, nor how late they are: its own tests and
tests/integration/test_12_canary.py do.
"""

from __future__ import annotations

import math
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import pytest
import urllib3

from components.telemetry.configuration import TRACKS_INTERVAL_SECONDS
from infra.settings.canary import AnalysisSettings
from tools.gostack.canary.figures import Figures, TrackMetrics
from tools.gostack.canary.judgement import fault
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.environment.progress import Progress
from tools.gostack.telemetry.console import Console, TelemetryError
from tools.offline.images.build import Recipes, compiled

HTTP = urllib3.PoolManager(retries=False, timeout=10)
EVERY = 20
"""Time in seconds between two readings of the counters here: so much that a slow machine makes no difference."""

BOUNDS = (0.1, 0.6, 0.8, 1.0, math.inf)
SERVICES = (f"service-{number}" for number in count())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of VictoriaMetrics, behind which its paths are as behind a console's."""
    program = compiled("victoria-metrics", Recipes(PROJECT_ROOT / "tools" / "offline" / "images"), Progress())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address, data = f"127.0.0.1:{port}", tmp_path_factory.mktemp("store")
    command = [program, f"-httpListenAddr={address}", "-http.pathPrefix=/metrics", f"-storageDataPath={data}"]
    with subprocess.Popen([*command, "-memory.allowedBytes=64MiB"], stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(f"http://{address}/metrics/health")
            yield f"http://{address}"
        finally:
            process.terminate()


def wait_for(url: str) -> None:
    for _ in range(600):
        try:
            if HTTP.request("GET", url).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


class Stack:
    """A service of a stack of its own, whose counters were read every two seconds until now."""

    def __init__(self, store: str) -> None:
        self.store, self.service = store, next(SERVICES)
        # The store rounds down to the second what is now.
        self.now = float(int(time.time()))
        self.lines: list[str] = []

    @property
    def regions(self) -> list[str]:
        return [f"{self.service}-east", f"{self.service}-west"]

    def read(self, series: str, values: Sequence[float], labels: Mapping[str, str]) -> None:
        """The values of a counter until now."""
        for position, value in enumerate(reversed(values)):
            self.write(series, labels, self.now - position * EVERY, value)

    def write(self, series: str, labels: Mapping[str, str], at: float, value: float) -> None:
        """A value at a time."""
        written = ",".join(f'{name}="{value}"' for name, value in labels.items())
        self.lines.append(f"ingress_{series}{{{written}}} {value} {1000 * at:.0f}")

    def track(self, track: str, requests: Sequence[int], failed: Sequence[int] = (), region: str = "east") -> None:
        """What a track had answered at each reading, all of it in less than 100 ms."""
        labels = {"service": self.service, "track": track, "region": region}
        self.read("service_duration_seconds_count", requests, labels)
        self.read("service_failures_total", failed or [0] * len(requests), labels)
        for bound in BOUNDS:
            self.read("service_duration_seconds_bucket", requests, {**labels, "le": le(bound)})

    def slow(self, requests: Mapping[float, int]) -> None:
        """A canary that answered so many requests within each bound, all of them in the last seconds."""
        labels = {"service": self.service, "track": "canary", "region": "east"}
        self.read("service_duration_seconds_count", [0, sum(requests.values())], labels)
        for bound in BOUNDS:
            within = sum(number for limit, number in requests.items() if limit <= bound)
            self.read("service_duration_seconds_bucket", [0, within], {**labels, "le": le(bound)})

    def reached(self, region: str, since: int = 80, lag: float = 0.1, stopped: float = -math.inf) -> None:
        """An ingress whose log is read since so many seconds ago, with this lag, or no longer since `stopped` ago.

        It goes on for a minute from now, so that a slow test finds what a fast one does.
        """
        labels = {"region": region, "instance": f"ingress-{region}"}
        for at in (self.now + seconds for seconds in range(-since, 60, TRACKS_INTERVAL_SECONDS)):
            self.write("read_to_timestamp_seconds", labels, at, min(at - lag, self.now - stopped))

    def metrics(self, since: float) -> TrackMetrics:
        """Metrics of which the walk has forgotten all before so many seconds ago."""
        for path, body in (("api/v1/import/prometheus", "\n".join(self.lines).encode()), ("internal/force_flush", b"")):
            assert HTTP.request("POST", f"{self.store}/metrics/{path}", body=body).status in (200, 204)
        times = [self.now - since]
        return TrackMetrics(
            Console(self.store), self.service, self.regions, lambda: times.pop() if times else time.time()
        )


def le(bound: float) -> str:
    return "+Inf" if bound == math.inf else f"{bound:g}"


@pytest.fixture
def stack(store: str) -> Stack:
    return Stack(store)


def test_what_the_tracks_did_since_a_moment_is_counted_over_all_regions(stack: Stack) -> None:
    # Readings of 100, 80, …, 0 s ago.
    stack.track("stable", [1000, 1000, 1000, 1100, 1200, 1300], [500, 500, 500, 500, 501, 502])
    stack.track("stable", [50, 50, 50, 60, 70, 80], region="west")
    stack.track("canary", [900, 910, 910, 920, 930, 940], [800, 810, 810, 811, 811, 811])
    sample = stack.metrics(since=70).sample()
    assert (sample.stable.requests, sample.stable.errors) == (330, 2)
    assert (sample.canary.requests, sample.canary.errors) == (30, 1)
    assert 0 < sample.canary.p99_milliseconds <= 100


def test_the_first_requests_of_a_new_track_count_although_its_counters_begin_with_them(stack: Stack) -> None:
    stack.track("canary", [30], [3])
    assert stack.metrics(since=60).sample().canary.requests == 30
    assert stack.metrics(since=60).sample().canary.errors == 3


def test_counters_that_begin_again_go_on(stack: Stack) -> None:
    stack.track("canary", [100, 110, 5, 15])
    assert stack.metrics(since=50).sample().canary.requests == 10 + 15


def test_another_service_is_another_matter(stack: Stack, store: str) -> None:
    other = Stack(store)
    other.track("canary", [0, 100])
    other.metrics(since=60)
    assert stack.metrics(since=60).sample().canary == Figures()


@pytest.mark.parametrize(
    ("requests", "limit", "words"),
    [
        # As many requests as answered between the bound before and this one.
        ({0.1: 99, 1.0: 1}, 800, ""),
        ({0.1: 98, 0.8: 2}, 800, ""),
        ({0.1: 980, 1.0: 20}, 800, "the canary's P99 is 900 ms"),
        ({0.1: 989, 1.0: 11}, 800, "the canary's P99 is"),
        ({0.1: 9, 1.0: 1}, 800, "the canary's P99 is"),
        # Between two bounds nobody knows where, so it is assumed to lie evenly.
        ({0.1: 985, 0.8: 15}, 700, ""),
        ({0.1: 985, 0.8: 15}, 650, "the canary's P99 is 667 ms"),
    ],
)
def test_a_limit_that_is_a_bound_is_judged_by_each_request(
    requests: Mapping[float, int], limit: int, words: str, stack: Stack
) -> None:
    stack.slow(requests)
    found = stack.metrics(since=60).sample().canary
    assert found.requests == sum(requests.values())
    said = fault(found, Figures(), AnalysisSettings(p99_milliseconds=limit))
    assert said.startswith(words) if words else said == ""


def test_figures_are_as_old_as_those_of_the_region_that_was_read_last(stack: Stack) -> None:
    east, west = stack.regions
    stack.reached(east)
    stack.reached(west, lag=3)
    # A reading is two seconds old at most, and the store rounds.
    assert 3 <= stack.metrics(since=10).sample().age_seconds <= 3 + TRACKS_INTERVAL_SECONDS + 1


def test_a_log_that_is_no_longer_read_ages_though_its_counters_are(stack: Stack) -> None:
    east, west = stack.regions
    stack.reached(east)
    # The store of logs is away: the collector keeps the lines, and its counters stand.
    stack.reached(west, stopped=70)
    assert stack.metrics(since=10).sample().age_seconds >= 70


def test_a_region_without_metrics_is_named(stack: Stack) -> None:
    east, west = stack.regions
    stack.reached(east)
    metrics = stack.metrics(since=10)
    sample = metrics.sample()
    assert (sample.age_seconds, sample.gap) == (math.inf, f"there are no metrics of {west}")
    with pytest.raises(TelemetryError, match=f"no metrics of {west}: run `make up`"):
        metrics.check()


def test_what_was_not_read_at_the_moment_itself_is_not_counted_from_there(stack: Stack) -> None:
    east, west = stack.regions
    stack.reached(east)
    # Read again for ten seconds: what its counters were a minute ago, nobody knows.
    stack.reached(west, since=10)
    metrics = stack.metrics(since=60)
    metrics.check()
    sample = metrics.sample()
    assert (sample.age_seconds, sample.gap) == (math.inf, f"there are no metrics of {west}")


def test_the_first_request_of_the_canary_is_found(stack: Stack) -> None:
    # The reading of 100 s ago shows the first ones, which were after the reading before.
    stack.track("canary", [7, 7, 7, 7, 7, 9, 12, 12, 12, 12, 12])
    stack.track("stable", range(11))
    found = stack.metrics(since=190).seconds_since_first() - TRACKS_INTERVAL_SECONDS
    # A second more, by which they are asked for, and what went by since.
    assert 100 <= found <= 101.1 + time.time() - stack.now


def test_a_canary_that_nobody_asked_had_no_first_request(stack: Stack) -> None:
    stack.track("canary", [7] * 11)
    assert stack.metrics(since=190).seconds_since_first() == 0
    assert stack.metrics(since=0.5).seconds_since_first() == 0


def test_what_was_answered_before_a_step_is_counted_before_it(stack: Stack) -> None:
    stack.track("canary", [0, 10])
    metrics = stack.metrics(since=60)
    metrics.restart()
    assert metrics.sample().gap == "nothing is measured yet"


def test_a_store_that_is_away_is_no_error_but_no_data() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    metrics = TrackMetrics(Console(url), "users", ["east"], iter([0.0, 10.0]).__next__)
    sample = metrics.sample()
    assert (sample.canary, sample.age_seconds) == (Figures(), math.inf)
    assert "does not answer" in sample.gap
