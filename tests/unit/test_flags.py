"""`gostack flags`: what is written to every region's Consul, what is refused, and what is told when a region is away.
Each region's Consul is a server on this machine that answers as its KV does.

Does not prove that services follow the document: the service's own tests and an integration test do.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.settings.canary import AnalysisSettings
from tests.support.console import running_console
from tools.gostack.canary.figures import Figures
from tools.gostack.cli.main import main
from tools.gostack.environment.errors import UserError
from tools.gostack.flags import rules
from tools.gostack.flags.change import change
from tools.gostack.flags.document import flag_of
from tools.gostack.flags.figures import VariantMetrics
from tools.gostack.flags.rollout import FlagRollout, walk_flag
from tools.gostack.flags.store import FlagStore

KEY = "flags/users"


class Datacenters:
    """What all regions have: datacenter -> key -> index and value."""

    def __init__(self, *names: str) -> None:
        self.keys: dict[str, dict[str, tuple[int, bytes]]] = {name: {} for name in names}
        self.away: set[str] = set()
        """Datacenters without a leader."""

        self.index = 10
        self.before_writing = lambda: None

    def put(self, datacenter: str, key: str, value: bytes) -> None:
        self.index += 1
        self.keys[datacenter][key] = (self.index, value)

    def document(self, datacenter: str) -> dict[str, Any]:
        return json.loads(self.keys[datacenter][KEY][1])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known, datacenter, path = self._where()
        key = path.removeprefix("/v1/kv/")
        if datacenter in known.away:
            self._answer(500, b"No cluster leader")
        elif key not in known.keys[datacenter]:
            self._answer(404, b"")
        else:
            index, value = known.keys[datacenter][key]
            found = {"Key": key, "ModifyIndex": index, "Value": base64.b64encode(value).decode()}
            self._answer(200, json.dumps([found]).encode())

    def do_PUT(self) -> None:
        known, datacenter, path = self._where()
        assert path == "/v1/txn"
        operations = [one["KV"] for one in json.loads(self.rfile.read(int(self.headers["Content-Length"])))]
        known.before_writing()
        if datacenter in known.away:
            self._answer(500, b"No cluster leader")
            return
        for one in operations:
            if one["Verb"] == "cas" and known.keys[datacenter].get(one["Key"], (0, b""))[0] != one["Index"]:
                self._answer(409, b'{"Results":null,"Errors":[{"OpIndex":0,"What":"index is stale"}]}')
                return
        for one in operations:
            known.put(datacenter, one["Key"], base64.b64decode(one["Value"]))
        self._answer(200, b'{"Results":[],"Errors":null}')

    def _where(self) -> tuple[Datacenters, str, str]:
        url = urlsplit(self.path)
        return cast("Any", self.server).known, parse_qs(url.query)["dc"][0], url.path

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    known: Datacenters

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def serve(known: Datacenters) -> Server:
    server = Server(("127.0.0.1", 0), Handler)
    server.known = known
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


@pytest.fixture
def known() -> Datacenters:
    return Datacenters("east", "west")


@pytest.fixture
def servers(known: Datacenters) -> Iterator[dict[str, Server]]:
    found = {name: serve(known) for name in known.keys}
    yield found
    for server in found.values():
        server.shutdown()
        server.server_close()


@pytest.fixture
def store(servers: dict[str, Server], monkeypatch: pytest.MonkeyPatch) -> FlagStore:
    """Also what `gostack` finds: a stack with these servers."""
    consul = {name: server.url for name, server in servers.items()}
    settings = SimpleNamespace(services={"users": None}, platform="docker")
    stack = SimpleNamespace(stack="dev", settings=settings, outputs=lambda: {"consul": consul})
    monkeypatch.setattr("tools.gostack.cli.flags.workspace", lambda name: stack)
    return FlagStore(consul, "users")


def flags(*arguments: str) -> int:
    return main(["flags", *arguments])


def test_a_new_flag_is_in_every_region(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flags("set", "users", "newest_first", "--share", "on=5", "--share", "off=95") == 0
    assert capsys.readouterr().out == "newest_first: on, on 5 %, off 95 %, else off (version 1)\n"
    east = known.document("east")
    assert east["flags"] == {
        "newest_first": {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "targeting": {"fractional": [["on", 5], ["off", 95]]},
        }
    }
    assert east["$schema"] == "https://flagd.dev/schema/v0/flags.json"
    assert east["metadata"]["version"] == 1
    assert known.document("west") == east
    assert flags("list", "users") == 0
    assert "newest_first  on     off      on=true, off=false  on 5 %, off 95 %" in capsys.readouterr().out


def test_off_and_on_again_leave_everything_else(store: FlagStore, known: Datacenters) -> None:
    assert flags("set", "users", "x", "--variant", "slow=5", "--variant", "fast=1.5", "--default", "slow") == 0
    assert flags("set", "users", "x", "--target", "region=west:fast") == 0
    before = known.document("west")["flags"]["x"]
    assert flags("set", "users", "x", "--off") == 0
    assert known.document("west")["flags"]["x"] == {**before, "state": "DISABLED"}
    assert flags("set", "users", "x", "--on") == 0
    assert known.document("west")["flags"]["x"] == before


def test_a_schedule_and_targets_come_before_the_shares(store: FlagStore, known: Datacenters) -> None:
    given = ["--from", "2026-12-01T09:00:00Z", "--until", "2026-12-24T00:00:00+01:00", "--target", "region=west:on"]
    assert flags("set", "users", "x", "--share", "on=50", "--share", "off=50", *given) == 0
    now = {"var": "$flagd.timestamp"}
    assert known.document("east")["flags"]["x"]["targeting"] == {
        "if": [
            *({"<": [now, 1796115600]}, "off", {">=": [now, 1798066800]}, "off"),
            *({"==": [{"var": "region"}, "west"]}, "on", {"fractional": [["on", 50], ["off", 50]]}),
        ]
    }
    assert flags("set", "users", "x", "--share", "on=60", "--share", "off=40") == 0
    targeting = known.document("east")["flags"]["x"]["targeting"]
    assert targeting["if"][-1] == {"fractional": [["on", 60], ["off", 40]]}
    assert len(targeting["if"]) == 7


@pytest.mark.parametrize(
    "written",
    [
        rules.Rules(),
        rules.Rules(shares={"on": 1, "off": 99}),
        rules.Rules(begin=rules.parse_moment("2026-01-01"), targets=rules.parse_targets(["a=b:c:on"])),
        rules.Rules(end=rules.parse_moment("2026-01-01T01:00:00Z"), shares={"on": 100}),
    ],
)
def test_what_the_command_line_writes_it_can_read(written: rules.Rules) -> None:
    assert rules.read(written.targeting("off"), "off") == written


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--share", "on=5", "--share", "off=90"], "the shares are 95 % together"),
        (["--share", "on=x"], '"on=x" is no share'),
        (["--share", "maybe=100"], 'the variant "maybe", which is unknown: use one of off, on'),
        (["--default", "maybe"], 'the default variant "maybe" is unknown'),
        (["--variant", "on=1", "--variant", 'off="a"'], "the variants are of several kinds (number, str)"),
        (["--variant", "on=NaN", "--variant", "off=1"], "NaN and Infinity are no JSON"),
        (["--variant", "on=1e999", "--variant", "off=1"], "NaN and Infinity are no JSON"),
        (["--target", "region:on"], '"region:on" is no target'),
        (["--from", "tomorrow"], '"tomorrow" is no time'),
        (["--remove"], 'there is no flag "x" to remove'),
    ],
)
def test_what_cannot_be_meant_is_refused(
    arguments: list[str], told: str, store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flags("set", "users", "x", *arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert told in line
    assert known.keys == {"east": {}, "west": {}}


def test_rules_by_hand_are_taken_as_they_are_and_never_overwritten(
    store: FlagStore, known: Datacenters, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "flag.json"
    by_hand = {"if": [{"ends_with": [{"var": "email"}, "@example.com"]}, "on"]}
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": by_hand}
    file.write_text(json.dumps(flag))
    assert flags("set", "users", "x", "--definition", str(file)) == 0
    assert known.document("east")["flags"]["x"] == flag
    assert flags("set", "users", "x", "--share", "on=5", "--share", "off=95") == 1
    assert "was written by hand" in capsys.readouterr().err
    assert flags("set", "users", "x", "--off") == 0
    assert known.document("east")["flags"]["x"]["targeting"] == by_hand
    for broken, told in (
        ({"sounds_like": [1]}, "sounds_like, which is no operator"),
        ({"fractional": [["on", 50], ["off", 40]]}, "the shares are 90 % together"),
        ({"if": [True, "maybe"]}, '"maybe", which is unknown'),
    ):
        file.write_text(json.dumps({**flag, "targeting": broken}))
        assert flags("set", "users", "x", "--definition", str(file)) == 1
        assert told in capsys.readouterr().err


def test_a_moment_in_milliseconds_is_listed_and_can_be_switched_off(
    store: FlagStore, known: Datacenters, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "flag.json"
    late = {"if": [{"<": [{"var": "$flagd.timestamp"}, 1796115600000]}, "off", "on"]}
    file.write_text(json.dumps({"variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": late}))
    assert flags("set", "users", "x", "--definition", str(file)) == 0
    assert flags("list", "users") == 0
    assert "by hand" in capsys.readouterr().out
    assert flags("set", "users", "x", "--off") == 0
    assert known.document("east")["flags"]["x"]["state"] == "DISABLED"


def test_a_region_whose_server_is_away_is_written_through_another(
    store: FlagStore, servers: dict[str, Server], known: Datacenters
) -> None:
    servers["west"].shutdown()
    servers["west"].server_close()
    assert flags("set", "users", "x") == 0
    assert known.document("west") == known.document("east")


def test_a_region_that_is_away_is_told_and_gets_everything_with_the_next_change(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flags("set", "users", "x") == 0
    known.away = {"west"}
    assert flags("set", "users", "y") == 1
    assert "west does not have version 2 (Consul answers 500 (No cluster leader))" in capsys.readouterr().err
    known.away = set()
    assert flags("list", "users", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["apart"] == {"west": "has version 1"}
    assert sorted(found["document"]["flags"]) == ["x", "y"]
    assert flags("set", "users", "x", "--off") == 0
    assert known.document("west") == known.document("east")
    assert sorted(known.document("west")["flags"]) == ["x", "y"]


def test_nothing_is_written_where_no_region_answers(store: FlagStore, known: Datacenters) -> None:
    known.away = {"east", "west"}
    assert flags("set", "users", "x") == 1
    assert known.keys == {"east": {}, "west": {}}


def test_of_two_who_write_at_once_one_is_refused(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flags("set", "users", "x") == 0
    theirs = known.keys["east"][KEY][1].replace(b"ENABLED", b"DISABLED")

    def meanwhile() -> None:
        known.before_writing = lambda: None
        known.put("east", KEY, theirs)

    known.before_writing = meanwhile
    west = known.document("west")
    assert flags("set", "users", "x", "--default", "on") == 1
    assert "somebody else has changed the flags of users in east meanwhile" in capsys.readouterr().err
    assert known.keys["east"][KEY][1] == theirs
    assert known.document("west") == west


def test_a_document_that_is_not_understood_is_not_overwritten(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    known.put("east", KEY, b'{"flags": {"x": {"state": "ON"}}}')
    assert flags("set", "users", "y") == 1
    assert "the document in east is not understood (flags.x.state" in capsys.readouterr().err
    assert known.keys["east"][KEY][1] == b'{"flags": {"x": {"state": "ON"}}}'


def test_the_history_says_who_changed_what_and_is_bounded(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.gostack.flags.change.who", lambda: "ada@laptop")
    assert flags("set", "users", "x", "--share", "on=5", "--share", "off=95") == 0
    assert flags("set", "users", "y") == 0
    assert flags("set", "users", "x", "--remove") == 0
    capsys.readouterr()
    assert flags("history", "users", "x") == 0
    _, removed, made = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"3 +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d  ada@laptop  x +removed", removed)
    assert made.endswith("ada@laptop  x     share on=5 off=95")
    monkeypatch.setattr("tools.gostack.flags.store.LONGEST_HISTORY", 5)
    for number in range(6):
        change(
            store,
            "z",
            f"change {number}",
            lambda before: before or flag_of({"variants": {"a": 1}, "defaultVariant": "a"}),
        )
    assert flags("history", "users", "--json") == 0
    kept = json.loads(capsys.readouterr().out)
    assert [one["what"] for one in kept] == [f"change {number}" for number in (5, 4, 3, 2, 1)]
    assert kept[0]["definition"]["variants"] == {"a": 1}


def test_a_history_that_is_not_understood_is_no_reason_to_refuse_the_off_switch(
    store: FlagStore, known: Datacenters
) -> None:
    assert flags("set", "users", "x") == 0
    known.put("east", "flags-history/users", b'[{"version": 1}]')
    known.put("west", "flags-history/users", b"{")
    assert flags("set", "users", "x", "--off") == 0
    assert [one["what"] for one in json.loads(known.keys["west"]["flags-history/users"][1])] == ["off"]


def test_names_that_there_are_not_are_told(store: FlagStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert flags("list", "usres") == 1
    assert '"usres" is no service of this stack: use one of users' in capsys.readouterr().err
    assert flags("walk", "users", "x", "--steps", "5,1") == 1
    assert "these are no limits of a walk" in capsys.readouterr().err


class Walked:
    """Time passes by waiting; each variant has the figures that the test gives it."""

    def __init__(self, **by_variant: Figures) -> None:
        self.now = 0.0
        self.by_variant = by_variant
        self.happens: dict[float, Any] = {}

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for at in [moment for moment in self.happens if moment <= self.now]:
            self.happens.pop(at)()

    def figures(self, seconds: float) -> dict[str, Figures]:
        assert seconds > 0
        return self.by_variant


LIMITS = AnalysisSettings(steps=[1, 5, 25, 100], interval_seconds=30, checks=2, threshold=2)
GOOD = Figures(requests=100, errors=0, p99_milliseconds=10)
BAD = Figures(requests=100, errors=3, p99_milliseconds=10)


def walked(store: FlagStore, scene: Walked, variant: str = "on") -> int:
    rollout = FlagRollout(store, "x", variant, cast("VariantMetrics", scene), lambda: scene.now)
    return walk_flag(rollout, LIMITS, "x", scene.wait, lambda: scene.now)


def test_a_good_variant_is_walked_to_everybody(store: FlagStore, known: Datacenters) -> None:
    assert flags("set", "users", "x", "--target", "region=west:off") == 0
    assert walked(store, Walked(on=GOOD, off=GOOD)) == 0
    flag = known.document("west")["flags"]["x"]
    assert flag["defaultVariant"] == "on"
    assert flag["targeting"] == {"if": [{"==": [{"var": "region"}, "west"]}, "off", "on"]}
    changes = [one["what"] for one in json.loads(known.keys["west"]["flags-history/users"][1])]
    assert changes[:4] == [f"walked: on {weight} %" for weight in (100, 25, 5, 1)]


def test_a_bad_variant_is_taken_back_and_other_flags_stay(
    store: FlagStore, known: Datacenters, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flags("set", "users", "x") == 0
    before = known.document("east")["flags"]["x"]
    scene = Walked(on=GOOD, off=GOOD)

    def turns_bad() -> None:
        assert known.document("east")["flags"]["x"]["targeting"] == {"fractional": [["on", 5], ["off", 95]]}
        scene.by_variant = {"on": BAD, "off": GOOD}
        assert flags("set", "users", "other") == 0

    scene.happens = {78.0: turns_bad}
    assert walked(store, scene) == 1
    told = capsys.readouterr()
    assert "taken back, everybody has what was before: 3.00 % of the variant's requests failed" in told.err
    assert "5 % of the clients have the variant\n" in told.out
    assert "  variant: 100 requests, 3 errors (3.00 %), P99 10 ms; default: 100 requests, 0 errors" in told.out
    assert "canary" not in told.out + told.err
    for region in ("east", "west"):
        assert known.document(region)["flags"]["x"] == before
        assert "other" in known.document(region)["flags"]


def test_a_variant_that_nobody_asks_for_is_taken_back(store: FlagStore, known: Datacenters) -> None:
    assert flags("set", "users", "x") == 0
    assert walked(store, Walked(off=GOOD)) == 1
    assert "targeting" not in known.document("east")["flags"]["x"]


def test_what_somebody_else_does_to_the_flag_ends_the_walk_and_stays(store: FlagStore, known: Datacenters) -> None:
    assert flags("set", "users", "x") == 0
    scene = Walked(on=GOOD, off=GOOD)
    scene.happens = {31.0: lambda: flags("set", "users", "x", "--off")}
    with pytest.raises(UserError, match="somebody else has changed x meanwhile: it stays as it is"):
        walked(store, scene)
    assert known.document("east")["flags"]["x"]["state"] == "DISABLED"


def test_a_walk_that_is_interrupted_takes_the_variant_back(store: FlagStore, known: Datacenters) -> None:
    assert flags("set", "users", "x") == 0

    def interrupt() -> None:
        raise KeyboardInterrupt

    scene = Walked(on=GOOD, off=GOOD)
    scene.happens = {31.0: interrupt}
    with pytest.raises(KeyboardInterrupt):
        walked(store, scene)
    assert "targeting" not in known.document("east")["flags"]["x"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--off"], "x is off"),
        (["--until", "2030-01-01"], "has a schedule"),
        (["--default", "on"], "nothing to walk"),
    ],
)
def test_what_cannot_be_walked_says_why(arguments: list[str], told: str, store: FlagStore) -> None:
    assert flags("set", "users", "x", *arguments) == 0
    with pytest.raises(UserError, match=told):
        walked(store, Walked())


def test_figures_by_variant_are_what_the_metrics_say() -> None:
    on, off = {"variant": "on"}, {"variant": "off"}
    with running_console() as server:
        server.results = {"bucket": [(on, 0.9), (off, 0.02)], "failed": [(on, 4)], "count": [(on, 20), (off, 380)]}
        metrics = VariantMetrics(server.console(), "users", "x")
        found = metrics.figures(43.4)
        queries = [parse_qs(urlsplit(path).query)["query"][0] for path in server.asked]
    assert (found["on"].requests, found["on"].errors, round(found["on"].p99_milliseconds)) == (20, 4, 900)
    assert (found["off"].requests, found["off"].errors, round(found["off"].p99_milliseconds)) == (380, 0, 20)
    series = 'feature_flag_request_duration_seconds_count{service="users",flag="x"}'
    assert queries[-1] == f"sum by (variant) (increase_pure({series}[43s]))"
    with pytest.raises(UserError, match="does not answer"):
        metrics.figures(1)
