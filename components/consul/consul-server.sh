#!/usr/bin/env sh
# First process of a Consul server. Reads AGENT_CONFIGURATION, GOSSIP_CONFIGURATION, NODE.
set -eu
umask 077
mkdir -p /tmp/consul
printf '%s' "$AGENT_CONFIGURATION" > /tmp/consul/agent.json
printf '%s' "$GOSSIP_CONFIGURATION" > /tmp/consul/gossip.json
unset AGENT_CONFIGURATION GOSSIP_CONFIGURATION
exec consul agent -node "$NODE" -config-dir /tmp/consul
