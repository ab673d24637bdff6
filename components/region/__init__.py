"""A region: a network of its own on Docker, a namespace with limits on Kubernetes."""
