"""Service discovery: a Consul datacenter for each region, and an agent in each pod that registers it."""

from components.consul.check import Check
from components.consul.configuration import (
    POD_ADDRESS,
    address_in,
    agent_configuration,
    dynamic_configuration_key,
    gossip_configuration,
    server_configuration,
)
from components.consul.instances import CLIENTS_ADDRESS, ServiceInstance

__all__ = [
    "CLIENTS_ADDRESS",
    "POD_ADDRESS",
    "Check",
    "ServiceInstance",
    "address_in",
    "agent_configuration",
    "dynamic_configuration_key",
    "gossip_configuration",
    "server_configuration",
]
