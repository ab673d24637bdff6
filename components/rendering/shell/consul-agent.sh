#!/usr/bin/env sh
# First process of a Consul agent in a pod. Reads AGENT_CONFIGURATION, GOSSIP_CONFIGURATION, NODE, DRAIN_SECONDS, and
# POD_ADDRESS, or NEIGHBOUR: an address in the network where clients look for the pod.
# At its stop signal it deregisters what it registered, then waits until requests on their way have arrived.
set -eu
umask 077
mkdir -p /tmp/consul
address=${POD_ADDRESS:-$(ip -4 route get "$NEIGHBOUR" | sed -n 's/.* src \([0-9.]*\).*/\1/p')}
[ -n "$address" ] || { echo "consul-agent: this pod has no address on the way to $NEIGHBOUR" >&2; exit 1; }
printf '%s' "$AGENT_CONFIGURATION" | sed "s/address-of-this-pod\.invalid/$address/g" > /tmp/consul/agent.json
printf '%s' "$GOSSIP_CONFIGURATION" > /tmp/consul/gossip.json
unset AGENT_CONFIGURATION GOSSIP_CONFIGURATION
name="$NODE-$(hostname)"
# The data is lost with the container, and a name that comes back under another identity is refused while the one before
# has not been missed: the identity is made of the name.
identity=$(printf '%s' "$name" | sha256sum | sed 's/^\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)\(.\{12\}\).*/\1-\2-\3-\4-\5/')
consul agent -node "$name" -node-id "$identity" -config-dir /tmp/consul -data-dir /tmp/data &
agent=$!
leave() {
  trap '' TERM INT
  consul leave > /dev/null 2>&1 || kill -TERM "$agent" 2> /dev/null || true
  wait "$agent" || true
  sleep "$DRAIN_SECONDS"
  exit 0
}
trap leave TERM INT
wait "$agent"
