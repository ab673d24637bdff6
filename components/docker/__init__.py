"""Building blocks on a Docker engine: what every container has in common, pods, jobs."""
