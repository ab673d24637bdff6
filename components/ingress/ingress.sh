#!/usr/bin/env sh
# First process of the ingress: waits for the first configuration release, then follows `current`.
set -eu
cd /var/lib/ingress
stop=
trap 'stop=1' QUIT TERM INT
touch /tmp/ready
until [ -e current/nginx.conf ]; do [ -z "$stop" ] || exit 0; sleep 0.2; done
live=$(readlink current)
nginx -p /var/lib/ingress/current/ -c nginx.conf -g 'daemon off; pid /tmp/nginx.pid;' &
master=$!
while kill -0 "$master" 2> /dev/null; do
  if [ -n "$stop" ]; then
    kill -QUIT "$master" 2> /dev/null || true
    break
  fi
  # Without a process of its own, as this is asked all day; dash and busybox know -ef.
  # shellcheck disable=SC3013
  if [ ! current -ef "$live" ] && next=$(readlink current); then
    echo "ingress: from release $live to $next" >&2
    kill -HUP "$master"
    live=$next
  fi
  sleep 0.5
done
wait "$master"
