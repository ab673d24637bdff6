"""The ingress's nginx configuration as text.

Directives: https://nginx.org/en/docs/. TLS: Mozilla's intermediate profile (https://ssl-config.mozilla.org, version
5.7). Which of the retry directives lost no request when replicas died was measured, see docs/decisions.md. The judge
of the text is `nginx -t` of the image that runs it.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.rendering.nginx_locations import location_heads, render_location
from components.rendering.nginx_model import IngressModel
from components.rendering.nginx_tracks import CANARY, STABLE, TRACKS_FILE, Canary, render_tracks, render_upstreams

RELEASE_PLACEHOLDER = "@RELEASE@"
"""Stands for the identity of a configuration release; the release replaces it with the digest of its files."""

STATUS_PORT = 8081
"""Port inside the ingress's own network namespace that tells the release in force and Nginx's counters."""

HTTP_PORT = 8080
HTTPS_PORT = 8443

_CIPHERS = ":".join(
    (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
    )
)


def render_ingress(model: IngressModel) -> Mapping[str, str]:
    """Return file name to text of the configuration that serves `model`.

    All paths inside are relative to the folder of the release, so that it can be tested before it goes live.
    """
    return {
        "nginx.conf": _main(model),
        TRACKS_FILE: render_tracks(_routed(model), [model.region, *model.other_regions]),
        "upstreams.conf": "\n".join(_upstreams(service, model) for service in _services(model)),
        "routes.conf": "\n".join(render_location(index, route, model) for index, route in enumerate(model.routes)),
        "security_headers.conf": _SECURITY_HEADERS,
        "error_pages.conf": _ERROR_PAGES,
        "proxy.conf": _PROXY,
    }


def _services(model: IngressModel) -> list[str]:
    return sorted({route.service for route in model.routes})


def _routed(model: IngressModel) -> dict[str, Canary]:
    return {service: model.canaries[service] for service in _services(model) if service in model.canaries}


def _upstreams(service: str, model: IngressModel) -> str:
    tracks = [STABLE, CANARY] if service in model.canaries else [STABLE]
    waiting = any(route.write_per_try_timeout_seconds for route in model.routes if route.service == service)
    return render_upstreams(service, tracks, model.region, model.other_regions, waiting=waiting)


def _main(model: IngressModel) -> str:
    hosts = " ".join(model.hosts)
    # Nginx wants to be told the address families of a request to a name; a redirect repeats the client's host.
    port = "" if model.https_port == 443 else f":{model.https_port}"
    return f"""\
worker_processes auto;
worker_rlimit_nofile {model.worker_connections * 4};
worker_shutdown_timeout 30s;
error_log stderr warn;
events {{ worker_connections {model.worker_connections}; }}
http {{
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  server_tokens off;
  # The longest host name has 253 characters.
  server_names_hash_bucket_size 512;
  server_names_hash_max_size 4096;
  # A header that leads to a canary may be long.
  map_hash_bucket_size 256;
  variables_hash_bucket_size 128;
  sendfile on;
  tcp_nopush on;

  log_format access escape=json '{{"timestamp":"$time_iso8601","level":"info","service":"ingress",'
    '"region":"{model.region}","upstream_service":"$upstream_service","track":"$track",'
    '"trace_id":"$trace","request_id":"$request_identity","message":"$request_method $uri",'
    '"method":"$request_method","path":"$uri","host":"$host","status":$status,"bytes":$bytes_sent,'
    '"seconds":$request_time,"upstream":"$upstream_addr","upstream_status":"$upstream_status",'
    '"upstream_seconds":"$upstream_response_time","protocol":"$server_protocol","tls":"$ssl_protocol",'
    '"client":"$remote_addr","user_agent":"$http_user_agent"}}';
  access_log /dev/stdout access;

  client_body_temp_path /tmp/client_body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;

  keepalive_timeout 75s;
  # A reload does not close an idle keep-alive connection on which a request is on its way.
  keepalive_min_timeout 15s;
  client_header_timeout 10s;
  client_body_timeout 30s;
  large_client_header_buffers 4 16k;
  gzip on;
  gzip_types application/json text/css application/javascript image/svg+xml;
  gzip_min_length 1024;

  # The Consul agent in this network namespace: another one would be a single point of failure for all.
  # Asked anew after two seconds. Without `valid`, one second; but after it was told once that there is no replica,
  # Nginx would believe it for eleven.
  resolver 127.0.0.1:8600 valid=1s ipv6=off;
  resolver_timeout 1s;

  map $http_x_request_id $request_identity {{
    default $request_id;
    "~^[A-Za-z0-9._-]{{8,128}}$" $http_x_request_id;
  }}
  map $http_traceparent $traceparent_trace {{
    default "";
    "~^[0-9a-f]{{2}}-(?<w3c>[0-9a-f]{{32}})-" $w3c;
  }}
  map $http_x_trace_id $trace_or_empty {{
    default $traceparent_trace;
    "~^[A-Za-z0-9-]{{8,128}}$" $http_x_trace_id;
  }}
  map $trace_or_empty $trace {{
    default $trace_or_empty;
    "" $request_id;
  }}
  # A request that may have reached a replica is sent again only when doing it twice does no harm.
  map "$request_method:$http_idempotency_key" $replayable {{
    default 1;
    "~^(POST|PATCH|LOCK):$" 0;
  }}
  # Asked of another replica sooner than a write, which may have to wait until the database has a primary again.
  map $request_method $reads {{
    default 0;
    GET 1;
    HEAD 1;
  }}

  # A browser would apply it to every program on this machine that is called localhost.
  map $host $strict_transport {{
    default "max-age=63072000; includeSubDomains";
    localhost "";
    "~^[0-9.]+$" "";
  }}

{_rate_limit_zones(model)}
  include tracks.conf;
  include upstreams.conf;

  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_ciphers {_CIPHERS};
  ssl_prefer_server_ciphers off;
  ssl_session_cache shared:tls:10m;
  ssl_session_timeout 1d;
  ssl_session_tickets off;
  ssl_certificate certificate.pem;
  ssl_certificate_key private_key.pem;

  server {{
    listen {HTTP_PORT} default_server reuseport;
    access_log off;
    location = /healthz {{ default_type text/plain; return 200 "ok\\n"; }}
    location / {{ return 308 https://$host{port}$request_uri; }}
  }}

  server {{
    listen {HTTPS_PORT} ssl default_server reuseport;
    http2 on;
    set $upstream_service "";
    set $track "";
    include security_headers.conf;
    location = /healthz {{ access_log off; default_type text/plain; return 200 "ok\\n"; }}
    location / {{ default_type application/json; return 404 '{{"code":404,"message":"unknown host","data":null}}'; }}
  }}

  server {{
    listen {HTTPS_PORT} ssl;
    http2 on;
    server_name {hosts};
    default_type application/json;
    set $upstream_service "";
    set $track "";
    include security_headers.conf;
    recursive_error_pages on;

    include error_pages.conf;
    error_page 502 504 = @unavailable;

    location = /healthz {{ access_log off; default_type text/plain; return 200 "ok\\n"; }}
    include routes.conf;
{_fallback(model)}
    location @not_found {{
      default_type application/json;
      return 404 '{{"code":404,"message":"no such path","data":null}}';
    }}
    location @too_large {{
      default_type application/json;
      return 413 '{{"code":413,"message":"the request body is too large","data":null}}';
    }}
    location @too_many {{
      default_type application/json;
      return 429 '{{"code":429,"message":"too many requests, slow down","data":null}}';
    }}
    location @unavailable {{
      default_type application/json;
      return 503 '{{"code":503,"message":"the service is not available right now","data":null}}';
    }}
  }}

  server {{
    listen 127.0.0.1:{STATUS_PORT} reuseport;
    access_log off;
    location = /release {{ default_type text/plain; return 200 "{RELEASE_PLACEHOLDER}\\n"; }}
    location = /status {{ stub_status; }}
  }}
}}
"""


def _fallback(model: IngressModel) -> str:
    claimed = any("/" in location_heads(route.match, route.path) for route in model.routes)
    return "" if claimed else "    location / { return 404; }\n"


def _rate_limit_zones(model: IngressModel) -> str:
    zones = [
        f"  limit_req_zone $binary_remote_addr zone=route_{index}:1m rate={route.rate_limit_per_second}r/s;"
        for index, route in enumerate(model.routes)
        if route.rate_limit_per_second
    ]
    return "\n".join([*zones, "  limit_req_status 429;", ""])


_SECURITY_HEADERS = """\
add_header Strict-Transport-Security $strict_transport always;
add_header X-Content-Type-Options "nosniff" always;
add_header X-Frame-Options "DENY" always;
add_header Referrer-Policy "strict-origin-when-cross-origin" always;
add_header Content-Security-Policy "default-src 'self'; frame-ancestors 'none'" always;
add_header X-Request-ID $request_identity always;
add_header X-Trace-ID $trace always;
"""

# A location that sets an error page of its own inherits none: every route repeats these.
_ERROR_PAGES = """\
error_page 404 = @not_found;
error_page 413 = @too_large;
error_page 429 = @too_many;
error_page 500 503 = @unavailable;
"""

_PROXY = """\
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $http_host;
proxy_set_header X-Request-ID $request_identity;
proxy_set_header X-Trace-ID $trace;
proxy_hide_header X-Request-ID;
proxy_hide_header X-Trace-ID;
proxy_hide_header X-Content-Type-Options;
proxy_connect_timeout 250ms;
proxy_next_upstream_tries 4;
proxy_next_upstream_timeout 10s;
"""
