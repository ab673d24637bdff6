#!/usr/bin/env sh
# First process of a Consul agent in a pod. Reads AGENT_CONFIGURATION, GOSSIP_CONFIGURATION, NODE, DRAIN_SECONDS.
# At its stop signal it deregisters what it registered, then waits until requests on their way have arrived.
set -eu
umask 077
mkdir -p /tmp/consul
printf '%s' "$AGENT_CONFIGURATION" > /tmp/consul/agent.json
printf '%s' "$GOSSIP_CONFIGURATION" > /tmp/consul/gossip.json
unset AGENT_CONFIGURATION GOSSIP_CONFIGURATION
# Consul answers no DNS question about a node whose name is longer than a label.
own_name="$NODE-$(hostname)"
[ "${#own_name}" -le 63 ] || own_name=$(hostname)
printf '%s' "$own_name" > /tmp/consul/node
consul agent -node "$own_name" -config-dir /tmp/consul -data-dir /tmp/data &
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
