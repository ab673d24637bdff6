"""Which pods a load balancer leads to: the cluster keeps it up to date as they come and go."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from components.options import given_dependencies

API = "eks.amazonaws.com/v1"


class TargetBindingArgs(TypedDict):
    """Inputs of a load balancer's targets."""

    namespace: pulumi.Input[str]
    """Namespace of the service in the cluster."""

    service: pulumi.Input[str]
    """Name of the service in the cluster."""

    ports: Mapping[str, int]
    """Name of each target group ("https") to the service's port that it leads to."""

    target_group_arns: Mapping[str, pulumi.Input[str]]
    """Name of each target group to its ARN."""

    labels: Mapping[str, str]
    """Labels of the objects in the cluster."""


class TargetBinding(pulumi.ComponentResource):
    """Bindings of EKS Auto Mode between target groups and a service. They are here, and not made by the cluster from
    a service of the type LoadBalancer, so that the load balancer is a resource like any other: reviewed, tagged, with
    alarms, and gone when the stack is."""

    bound: pulumi.Output[str]
    """Names of the bindings; whoever uses it waits for them."""

    def __init__(self, name: str, args: TargetBindingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:TargetBinding", name, {}, opts)
        bindings = [
            kubernetes.apiextensions.CustomResource(
                f"{name}-{label}",
                api_version=API,
                kind="TargetGroupBinding",
                metadata={"namespace": args["namespace"], "labels": dict(args["labels"])},
                spec={
                    "serviceRef": {"name": args["service"], "port": port},
                    "targetGroupARN": args["target_group_arns"][label],
                    "targetType": "ip",
                },
                opts=pulumi.ResourceOptions(parent=self, depends_on=given_dependencies(opts)),
            )
            for label, port in args["ports"].items()
        ]
        self.bound = pulumi.Output.all(*(binding.id for binding in bindings)).apply(
            lambda found: ",".join(str(item) for item in found)
        )
        self.register_outputs({"bound": self.bound})
