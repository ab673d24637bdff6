"""The way into a region: what a route can say, and Nginx's configuration made from it."""

from components.ingress.configuration import IngressConfiguration
from components.ingress.nginx import (
    HEALTH_PATH,
    HTTP_PORT,
    HTTPS_PORT,
    INTERNAL_PORT,
    IPV6_HTTP_PORT,
    IPV6_HTTPS_PORT,
    IPV6_LOOPBACK,
    RELEASE_PLACEHOLDER,
    STATUS_PORT,
    TRACKS_FILE,
    render_ingress,
    render_tracks,
)
from components.ingress.own_answers import is_own_answer
from components.ingress.route import Cors, Match, Protocol, ResponseHeaders, Retry, Route
from components.ingress.tracks import CANARY, STABLE, CanaryTraffic, HeaderMatch

__all__ = [
    "CANARY",
    "HEALTH_PATH",
    "HTTPS_PORT",
    "HTTP_PORT",
    "INTERNAL_PORT",
    "IPV6_HTTPS_PORT",
    "IPV6_HTTP_PORT",
    "IPV6_LOOPBACK",
    "RELEASE_PLACEHOLDER",
    "STABLE",
    "STATUS_PORT",
    "TRACKS_FILE",
    "CanaryTraffic",
    "Cors",
    "HeaderMatch",
    "IngressConfiguration",
    "Match",
    "Protocol",
    "ResponseHeaders",
    "Retry",
    "Route",
    "is_own_answer",
    "render_ingress",
    "render_tracks",
]
