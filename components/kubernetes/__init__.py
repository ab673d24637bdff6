"""Building blocks on a Kubernetes cluster: what every pod has in common, releases, jobs, storage, network policies."""
