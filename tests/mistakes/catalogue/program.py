"""Wrong lines in the program: what a type checker sees, and what it cannot see."""

from __future__ import annotations

from tests.mistakes.model import SourceMistake

_PROMISES = "tests/graph/test_promises.py"
_SECRECY = "tests/graph/test_secrecy.py"

_TYPES = (
    SourceMistake(
        "an argument under another name",
        "infra/stack.py",
        '"names": [*settings.ingress.hosts, *loopback_hosts(settings)],',
        '"name": [*settings.ingress.hosts, *loopback_hosts(settings)],',
    ),
    SourceMistake(
        "a number as a text",
        "infra/stack.py",
        '"lifetime_days": settings.certificates.lifetime_days,',
        '"lifetime_days": str(settings.certificates.lifetime_days),',
    ),
    SourceMistake("an argument left out", "infra/platforms/docker.py", '                "cidr": cidr or "",\n', ""),
    SourceMistake(
        "a setting that does not exist", "infra/platforms/kubernetes.py", "mysql.storage_gib", "mysql.storage_gb"
    ),
    SourceMistake(
        "a setting of another section",
        "infra/arguments.py",
        '"memory_mib": settings.memory_mib,',
        '"memory_mib": settings.memory_gib,',
    ),
    SourceMistake(
        "a text where a switch is wanted",
        "infra/arguments.py",
        '"protect": settings.protect,',
        '"protect": "yes",',
    ),
    SourceMistake(
        "a list where a number is wanted",
        "infra/arguments.py",
        '"replicas": track.replicas,',
        '"replicas": [track.replicas],',
    ),
    SourceMistake("a letter missing in an attribute", "infra/arguments.py", "service.check,", "service.chek,"),
    SourceMistake(
        "arguments in the wrong order",
        "infra/stack.py",
        "image_arguments(name, service, track, ",
        "image_arguments(service, name, track, ",
    ),
    SourceMistake(
        "datacenters for regions",
        "infra/stack.py",
        "mysql_arguments(platform, regions, consul, ",
        "mysql_arguments(platform, consul, regions, ",
    ),
    SourceMistake(
        "a property of a volume misspelled", "components/ingress/docker.py", 'driver="local",', 'drivers="local",'
    ),
    SourceMistake(
        "an argument of a component misspelled",
        "components/ingress/docker.py",
        'args["memory_mib"]',
        'args["memory_mb"]',
    ),
    SourceMistake(
        "a model without a part",
        "infra/settings/ingress.py",
        "        hosts=[*ingress.hosts, *loopback_hosts(settings)],\n",
        "",
    ),
    SourceMistake(
        "capabilities under another name",
        "components/docker/container.py",
        'ContainerCapabilitiesArgs(drops=["ALL"])',
        'ContainerCapabilitiesArgs(drop=["ALL"])',
    ),
    SourceMistake(
        "a label with a key",
        "components/docker/container.py",
        "ContainerLabelArgs(label=key,",
        "ContainerLabelArgs(key=key,",
    ),
    SourceMistake(
        "a release strategy misspelled",
        "components/kubernetes/rollout.py",
        "max_unavailable=0, max_surge=SURGE",
        "max_unavailible=0, max_surge=SURGE",
    ),
    SourceMistake(
        "a security setting misspelled",
        "components/kubernetes/pod.py",
        "read_only_root_filesystem=True,",
        "read_only_root_fs=True,",
    ),
    SourceMistake(
        "capabilities as a text",
        "components/kubernetes/pod.py",
        'CapabilitiesArgs(drop=["ALL"])',
        'CapabilitiesArgs(drop="ALL")',
    ),
    SourceMistake(
        "a property of a subnet misspelled",
        "components/aws/network/network.py",
        "map_public_ip_on_launch=False,",
        "map_public_ip_on_lauch=False,",
    ),
    SourceMistake(
        "an output that does not exist",
        "components/aws/network/network.py",
        "allocation_id=address.allocation_id,",
        "allocation_id=address.alocation_id,",
    ),
    SourceMistake(
        "encryption under another name",
        "components/aws/aurora/member.py",
        "storage_encrypted=True,",
        "storage_encryption=True,",
    ),
    SourceMistake(
        "a resource for its identity",
        "components/aws/aurora/member.py",
        "cluster_identifier=cluster.id,",
        "cluster_identifier=cluster,",
    ),
    SourceMistake(
        "a database engine that does not exist",
        "components/aws/aurora/member.py",
        "EngineType.AURORA_MYSQL,",
        "EngineType.AURORA_MYSQL8,",
    ),
)

_BEHAVIOUR = (
    SourceMistake(
        "a data volume that goes with the stack",
        "components/mysql/docker_member.py",
        'retain_on_delete=True, protect=cluster["protect"]',
        'protect=cluster["protect"]',
        (f"{_PROMISES}::test_data_outlives_the_stack_under_a_name_that_never_changes",),
    ),
    SourceMistake(
        "a registration that does not wait for its replica",
        "components/microservice/docker.py",
        "pulumi.ResourceOptions(parent=self, depends_on=[container])",
        "pulumi.ResourceOptions(parent=self)",
        (f"{_PROMISES}::test_a_registration_is_there_only_while_its_replica_is",),
    ),
    SourceMistake(
        "a private key that is no secret any more",
        "components/ingress/docker.py",
        'pulumi.Output.secret(args["private_key"])',
        'pulumi.Output.unsecret(pulumi.Output.from_input(args["private_key"]))',
        (f"{_SECRECY}::test_no_secret_stands_in_plain_in_any_input_output_trigger_or_export",),
    ),
    SourceMistake(
        "passwords that change with every update",
        "components/secrets.py",
        'ignore_changes=["input"],',
        "ignore_changes=[],",
        (f"{_PROMISES}::test_secrets_are_kept_when_the_program_makes_fresh_ones",),
    ),
    SourceMistake(
        "a container that can be written to",
        "components/docker/container.py",
        '"read_only": True,',
        '"read_only": False,',
    ),
    SourceMistake(
        "a container that gains privileges",
        "components/kubernetes/pod.py",
        "allow_privilege_escalation=False,",
        "allow_privilege_escalation=True,",
    ),
    SourceMistake(
        "a database with a public address",
        "components/aws/aurora/member.py",
        "publicly_accessible=False,",
        "publicly_accessible=True,",
    ),
    SourceMistake(
        "an old version of TLS",
        "components/ingress/templates/nginx.conf.j2",
        "ssl_protocols TLSv1.2 TLSv1.3;",
        "ssl_protocols TLSv1 TLSv1.1 TLSv1.2;",
    ),
)

MISTAKES = (*_TYPES, *_BEHAVIOUR)
