"""A stand-in for Pulumi's Kubernetes plugin, for machines where no registry has the official one.

It applies to a real cluster by server-side apply, waits for what it has made, and keeps to what the official plugin
(https://github.com/pulumi/pulumi-kubernetes) accepts and returns, as far as this project's program can see.
"""
