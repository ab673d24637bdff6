"""One track of a service in one region: its replicas, each with its registration."""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.consul.instances import POD_NAME
from components.consul.kubernetes_agent import agent_secret, agent_volume, sidecar, to_servers
from components.kubernetes.autoscaling import autoscaler
from components.kubernetes.files import file_mounts, file_volumes
from components.kubernetes.names import APPLICATION, MYSQL, NGINX, selector, workload_labels
from components.kubernetes.network import EgressRule, IngressRule, network_policy, networks, pods_of_stack, tcp
from components.kubernetes.pod import ContainerSpec, memory_volume, sleep_before_stop
from components.kubernetes.pod_template import pod_template
from components.kubernetes.resources import Resources
from components.kubernetes.rollout import rolling_deployment
from components.kubernetes.scope import Scope
from components.kubernetes.storage import MountedClaims, mounted_claims
from components.kubernetes.workload import disruption_budget, service_account
from components.microservice.args import MicroserviceArgs
from components.microservice.kubernetes_folders import folder_mounts, folder_volumes, replica_disk_mib
from components.microservice.kubernetes_probes import replica_probes
from components.microservice.replica import replica_environment, replica_instances, tracing_environment
from components.microservice.volumes import OWN_CLAIM, released_in_place
from components.mysql.configuration import PORT as MYSQL_PORT
from components.options import given_dependencies

SETTLING_SECONDS = 2
"""Time in seconds in which every ingress has seen a new replica; only then an old one may go."""

SCHEDULING_SECONDS = 120
"""Time in seconds that a new pod may take to be scheduled and its image to be pulled."""


class Microservice(pulumi.ComponentResource):
    """Replicas that never change: a new one is up, healthy and registered before an old one is deregistered, drained
    and stopped.
    """

    replicas: pulumi.Output[int]
    """Number of replicas that were asked for; with autoscaling the lowest."""

    def __init__(self, name: str, args: MicroserviceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Microservice", name, {}, opts)
        region, workload = args["region"], args["workload"]
        labels = workload_labels(
            args["labels"],
            region=region["region"],
            service=args["service"],
            role=APPLICATION,
            track=args["track"],
            **({"kind": workload.kind} if workload.kind == "worker" else {}),
        )
        scope = Scope(region["network"], labels, self)
        secret = agent_secret(scope, name, args["consul"], args["secrets"])
        account = service_account(scope, f"{name}-account")
        budget = disruption_budget(scope, f"{name}-budget")
        policy = _network_policy(scope, f"{name}-paths", args)
        claims = _claims(args)
        template = pod_template(
            labels,
            account,
            workload.user_and_group()[1],
            init_containers=[
                sidecar(
                    args["consul"],
                    secret,
                    replica_instances(args, POD_NAME),
                    ready_when_found=workload.kind == "service",
                )
            ],
            containers=[_application(args, secret, claims)],
            volumes=[
                memory_volume("files", 64),
                agent_volume(),
                *folder_volumes(workload),
                *(volume for found in claims for volume in found.volumes),
                *file_volumes(scope, name, args.get("given_files", {})),
            ],
            anti_affinity_to=selector(labels),
            stop_seconds=workload.drain_seconds + workload.termination_grace_period_seconds + 10,
            privileged_ports=workload.binds_privileged,
            annotations=workload.metrics.annotations(workload.port) if workload.metrics is not None else {},
        )
        deployment = rolling_deployment(
            scope,
            name,
            template,
            depends_on=[budget, policy, *given_dependencies(opts)],
            # The autoscaler's own, where there is one: an update must not take back what the load asked for.
            replicas=args["replicas"] if workload.autoscaling is None else None,
            progress_seconds=SCHEDULING_SECONDS + workload.startup_timeout_seconds,
            # One pod after the other.
            timeout_seconds=SCHEDULING_SECONDS + workload.startup_timeout_seconds * args["replicas"],
            settling_seconds=SETTLING_SECONDS if workload.judged_by is not None else workload.min_ready_seconds,
            in_place=released_in_place(workload.volumes, "kubernetes"),
        )
        if workload.autoscaling is not None:
            autoscaler(
                scope,
                f"{name}-autoscaler",
                name,
                deployment,
                minimum=args["replicas"],
                maximum=workload.autoscaling.maximum,
                cpu_percent=workload.autoscaling.cpu_percent,
            )
        self.replicas = deployment.id.apply(lambda _: args["replicas"])
        self.register_outputs({"replicas": self.replicas})


def _claims(args: MicroserviceArgs) -> list[MountedClaims]:
    """What all pods mount, and what the only one has for itself."""
    own = [mounted_claims(claims, OWN_CLAIM) for claims in args.get("replica_volumes", ())[:1]]
    return [mounted_claims(args.get("region_volumes", {})), *own]


def _application(args: MicroserviceArgs, secret: pulumi.Input[str], claims: Sequence[MountedClaims]) -> ContainerSpec:
    workload = args["workload"]
    limits = workload.limits("kubernetes")
    user, group = workload.user_and_group()
    return ContainerSpec(
        name="application",
        image=args["image"],
        user=user,
        group=group,
        resources=Resources(
            cpu_request=workload.cpu_request,
            memory_request_mib=workload.memory_request_mib,
            cpu_limit=limits.cpus,
            memory_limit_mib=limits.memory_mib,
            disk_limit_mib=replica_disk_mib(workload),
        ),
        command=workload.command,
        arguments=args.get("arguments", workload.args),
        environment={
            **args["environment"],
            **replica_environment(args),
        },
        from_fields={"INSTANCE_ID": "metadata.name"},
        composed={
            name: value
            for name, value in tracing_environment(args, "$(INSTANCE_ID)").items()
            # What the service says itself counts.
            if name not in args["environment"] and name not in args["secrets"]
        },
        secret=secret,
        secret_variables=list(args["secrets"]),
        ports=workload.all_ports,
        capabilities=["NET_BIND_SERVICE"] if workload.binds_privileged else [],
        mounts={
            "/tmp": "files",
            **folder_mounts(workload),
            **{path: volume for found in claims for path, volume in found.mounts.items()},
        },
        read_only_mounts=file_mounts(args.get("given_files", {})),
        probes=replica_probes(workload),
        # Deregistered by the sidecar in the same moment; requests on their way still arrive.
        pre_stop=sleep_before_stop(workload.drain_seconds) if workload.kind == "service" else None,
    )


def _network_policy(scope: Scope, name: str, args: MicroserviceArgs) -> k8s.networking.v1.NetworkPolicy:
    stack = scope.stack
    ports = [args["workload"].port, *args["workload"].served_ports.values()]
    return network_policy(
        scope,
        name,
        incoming=[IngressRule(from_=pods_of_stack(stack, NGINX, APPLICATION), ports=tcp(*ports))]
        if args["workload"].kind == "service"
        else [],
        outgoing=[
            to_servers(stack),
            # Other services, at the port that Consul tells.
            EgressRule(to=pods_of_stack(stack, APPLICATION)),
            EgressRule(to=pods_of_stack(stack, MYSQL), ports=tcp(MYSQL_PORT)),
            *(EgressRule(to=networks(egress.network), ports=tcp(egress.port)) for egress in args["workload"].egress),
            *(EgressRule(to=networks(network), ports=tcp(MYSQL_PORT)) for network in args.get("database_networks", ())),
        ],
    )
