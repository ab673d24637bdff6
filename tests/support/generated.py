"""Settings that are valid by the reference manual, generated: what is accepted has to work.

It proves nothing by itself; it keeps to what `docs/configuration.md` says of each key, not to what the code checks.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]

# Ports of the Consul agent in a replica's pod.
AGENT_PORTS = {8300, 8301, 8302, 8500, 8503, 8600}
PLATFORM_NAMES = {"consul", "ingress", "mysql"}

# Words that nginx or Consul's DNS give a meaning.
WORDS = {
    "default",
    "include",
    "hostnames",
    "volatile",
    "service",
    "connect",
    "virtual",
    "ingress",
    "node",
    "query",
    "addr",
}

names = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4})?", fullmatch=True).filter(lambda name: name not in WORDS)
# Without a hyphen: a service and a region must not read like another pair. Not one of the platform's own names.
service_names = st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True).filter(lambda name: name not in PLATFORM_NAMES)
segments = st.from_regex(r"[a-z0-9._~-]{1,8}", fullmatch=True).filter(lambda part: part not in (".", ".."))
paths = (
    st.lists(segments, min_size=1, max_size=3)
    .map(lambda parts: "/" + "/".join(parts))
    .filter(lambda path: not {".", ".."} & set(path.split("/")))
)
patterns = st.sampled_from([r"^/v[0-9]+/users", r"\.(css|js)$", r"^/a/[^/]+/b$", r"^/(?P<part>[a-z]+)/x", "~x"])
durations = st.builds(lambda number, unit: f"{number}{unit}", st.integers(1, 90), st.sampled_from(["ms", "s", "m"]))
hosts = st.sampled_from(["localhost", "127.0.0.1", "a.example.com", "api-2.example.org"])
variables = st.from_regex(r"(APP|app)_[A-Za-z0-9_]{1,8}", fullmatch=True)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10)
# Numbers, true and false arrive as text.
values = st.one_of(texts, st.integers(-(2**53), 2**53), st.booleans(), st.sampled_from([0.5, 1.25]))


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    """A section of which any key may be missing."""
    return st.fixed_dictionaries({}, optional=fields)


header_values = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)

options = {
    "idempotent": st.booleans(),
    "static": st.booleans(),
    "body_limit_kib": st.integers(1, 1024 * 1024),
    "rate_limit_per_second": st.sampled_from([0, 1, 50, 1_000_000]),
    "rate_limit_burst": st.sampled_from([0, 1, 1_000_000]),
    "timeout_seconds": st.integers(1, 3600),
    "per_try_timeout_seconds": st.sampled_from([0, 1]),
    "write_per_try_timeout_seconds": st.sampled_from([0, 1]),
    "idle_timeout_seconds": st.integers(1, 86400),
    "protocol": st.sampled_from(["http", "websocket", "sse"]),
    "buffering": st.booleans(),
    "compression": st.booleans(),
    "retry": optional(
        tries=st.integers(1, 5),
        statuses=st.lists(st.sampled_from([403, 404, 429, 500, 502, 503, 504]), max_size=3, unique=True),
        other_regions=st.booleans(),
    ),
    "headers": optional(
        set=st.dictionaries(st.sampled_from(["X-A", "Referrer-Policy", "X-Frame-Options"]), header_values, max_size=3),
        remove=st.lists(st.sampled_from(["X-Powered-By", "Strict-Transport-Security"]), max_size=2, unique=True),
    ),
    "cors": st.builds(
        lambda origins, credentials: {"origins": origins, "credentials": credentials and "*" not in origins},
        st.lists(st.sampled_from(["*", "https://a.example.com", "http://localhost:3000"]), min_size=1, unique=True),
        st.booleans(),
    ),
}
grpc_routes = st.fixed_dictionaries(
    {"path": st.sampled_from(["/echo.Echo/", "/grpc.health.v1.Health/"]), "protocol": st.just("grpc")},
    optional={key: options[key] for key in ("retry", "headers", "rate_limit_per_second", "idle_timeout_seconds")},
)
literal_routes = st.fixed_dictionaries(
    {"path": paths}, optional={"match": st.sampled_from(["exact", "prefix"]), **options}
)
regex_routes = st.fixed_dictionaries({"path": patterns, "match": st.just("regex")}, optional=options)


canaries = optional(
    context=st.just("services/users"),
    weight=st.integers(0, 100),
    match=st.lists(
        st.fixed_dictionaries(
            {
                "header": st.sampled_from(["X-App-Version", "X-User-Tag", "X-" + "Long-" * 12 + "N"]),
                "value": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}", fullmatch=True).filter(
                    lambda value: value.lower() not in WORDS
                ),
            }
        ),
        max_size=3,
    ),
    replicas=st.integers(1, 20),
    environment=st.dictionaries(variables, values, max_size=3),
)


def service() -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries(
        {"context": st.just("services/greeter")},
        optional={
            "port": st.integers(1, 65535).filter(lambda port: port not in {*AGENT_PORTS, 9090, 6060}),
            "ports": optional(
                grpc=st.just({"port": 9090, "protocol": "grpc"}),
                admin=st.just({"port": 6060}),
            ),
            "replicas": st.integers(1, 20),
            "check": optional(
                path=st.builds(lambda path, query: path + query, paths, st.sampled_from(["", "?full=1", "?a=b&c=%20"])),
                interval=durations,
                timeout=durations,
                failures=st.integers(1, 10),
            ),
            "environment": st.dictionaries(variables, values, max_size=3),
            "memory_mib": st.integers(16, 65536),
            "canary": canaries,
            "cpus": st.sampled_from([0.05, 0.5, 1.0, 64.0]),
            "drain_seconds": st.integers(1, 300),
            "termination_grace_period_seconds": st.integers(1, 600),
            "startup_timeout_seconds": st.integers(5, 600),
            "main_package": st.sampled_from([".", "./cmd/server"]),
        },
    )


@st.composite
def valid_settings(draw: st.DrawFn) -> Document:
    """The whole of a stack's settings."""
    region_names = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    ports = draw(st.lists(st.integers(1, 65535), min_size=13, max_size=13, unique=True))
    thirds = draw(st.permutations(range(1, 250)))
    regions = {
        name: {
            "cidr": f"10.90.{thirds[index]}.0/24",
            "https_port": ports[3 * index],
            "http_port": ports[3 * index + 1],
            "consul_port": ports[3 * index + 2],
            "bind_address": draw(st.sampled_from(["127.0.0.1", "0.0.0.0", "192.168.1.9"])),
        }
        for index, name in enumerate(region_names)
    }
    services = draw(st.dictionaries(service_names, service(), min_size=1, max_size=3))
    claimed: set[str] = set()
    for settings in services.values():
        routes = draw(st.lists(st.one_of(literal_routes, regex_routes, grpc_routes), max_size=3))
        # One owner for each path, however it is matched.
        settings["routes"] = [
            {**route, "port": "grpc"}
            if route.get("protocol") == "grpc" and "grpc" in settings.get("ports", {})
            else route
            for route in routes
            if not (route["path"] in claimed or claimed.add(route["path"]))
        ]
    document: Document = {
        "regions": regions,
        "telemetry": {"port": ports[12]},
        "services": services,
        "backbone": {"cidr": "10.91.0.0/16"},
        "consul": {"servers": draw(st.sampled_from([1, 3]))},
        "mysql": {
            "primary": draw(st.sampled_from(region_names)),
            "topology": draw(st.sampled_from(["single", "replica"])),
            "buffer_pool_mib": draw(st.integers(32, 1024)),
            "memory_mib": draw(st.integers(1408, 4096)),
            "max_connections": draw(st.integers(1000, 10000)),
            "protect": draw(st.booleans()),
        },
        "ingress": {
            "hosts": draw(st.lists(hosts, min_size=1, max_size=3, unique=True)),
            "worker_connections": draw(st.integers(256, 1024)),
            "trusted_proxies": draw(st.lists(st.sampled_from(["10.0.0.0/8", "203.0.113.7/32"]), max_size=2)),
        },
        "certificates": {"lifetime_days": draw(st.integers(2, 397))},
        "rotation": {"passwords": draw(st.integers(1, 99))},
    }
    for section in ("certificates", "rotation", "consul"):
        if draw(st.booleans()):
            document.pop(section)
    return document
