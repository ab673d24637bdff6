"""Building blocks on AWS: networks, EKS clusters, registries, Aurora, DNS, alarms."""
