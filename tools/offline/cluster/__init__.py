"""A real Kubernetes cluster of several nodes on this machine, for tests and for trying the staging stack.

`make cluster` brings it up and `gostack offline cluster down` takes it away. Nothing in the program depends on it:
any other cluster serves as well, through its kubeconfig.
"""
