"""The lifecycle of a stack on Kubernetes."""
