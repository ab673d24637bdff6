"""Service discovery: a Consul datacenter for each region, and an agent in each pod that registers it."""
