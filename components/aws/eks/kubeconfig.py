"""The kubeconfig of an EKS cluster: it names the command that gives a token, and holds no credential."""

from __future__ import annotations

import json


def eks_kubeconfig(*, cluster: str, region: str, endpoint: str, authority: str, role_arn: str) -> str:
    """Return the kubeconfig as JSON (which is YAML), the same text for the same cluster.

    `authority` is the cluster's certificate authority in base64, as EKS gives it. Whoever uses the text needs the AWS
    CLI and may take the role; a token lives for 15 minutes and is never written down.
    """
    command = f"eks get-token --cluster-name {cluster} --region {region} --role-arn {role_arn} --output json"
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": cluster, "cluster": {"server": endpoint, "certificate-authority-data": authority}},
            ],
            "users": [
                {
                    "name": cluster,
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1beta1",
                            "command": "aws",
                            "args": command.split(),
                            "interactiveMode": "Never",
                        }
                    },
                }
            ],
            "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
            "current-context": cluster,
        },
        sort_keys=True,
    )
