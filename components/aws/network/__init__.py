"""The network of a region: VPC, subnets, endpoints, flow logs, load balancer."""
