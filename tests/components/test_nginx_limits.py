"""What Nginx is told of crowds.

Does not prove that it holds them back: `tests/integration/test_22_cache.py` sends one.
"""

from __future__ import annotations

from components.ingress import Route
from tests.components.nginx_text import effective, rendered


def test_a_crowd_of_all_clients_is_held_back_on_every_route_and_callers_by_name_are_not() -> None:
    http = effective(rendered(Route(path="/a"), Route(path="/b"), internal=["users"], limit=500))
    (zone,) = [item.words for item in http.all() if item.name == "limit_req_zone"]
    assert zone == ["$dollar", "zone=service_users:64k", "rate=500r/s"]
    limits: dict[bool, set[tuple[str, ...]]] = {True: set(), False: set()}
    for location in http.all():
        if location.name == "location" and location.values("proxy_pass"):
            by_name = location.words == ['"/"'] or location.words[0].startswith("@route_to_")
            limits[by_name].add(tuple(location.values("limit_req")))
    assert limits == {True: {()}, False: {("zone=service_users burst=500 nodelay",)}}
