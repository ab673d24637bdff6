"""The container registry of a region: releases, and copies of public images."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.args import AccountArgs
from components.aws.encryption_key import EncryptionKey
from components.aws.image_names import PUBLIC_REGISTRIES
from components.aws.policies import lifecycle_policy
from components.aws.tags import named
from components.options import given_dependencies


class RegistryArgs(AccountArgs):
    """Inputs of a registry."""

    repositories: Sequence[str]
    """Names of the repositories of the project's own images, for example "gostack/users"."""

    pull_through_repositories: Sequence[str]
    """Names of the repositories of public images, for example "ecr-public/docker/library/nginx"."""

    replicated_to: Sequence[str]
    """Other regions that get every release pushed here; their registries must be there. Empty in all but one region."""

    max_images: int
    """Releases of each repository that are kept."""

    protect: bool
    """True refuses to delete the repositories of the project's own images."""


class Registry(pulumi.ComponentResource):
    """ECR repositories whose tags never move, whose images are scanned when they arrive and encrypted with a key."""

    repository_urls: pulumi.Output[dict[str, str]]
    """Repository to the name under which its images are pushed and pulled, for the project's own ones."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Registry", name, {}, opts)
        self._name, self._args = name, args
        inside = pulumi.ResourceOptions(parent=self)
        self._key = EncryptionKey(
            f"{name}-images",
            {
                "purpose": f"Images in {args['region']}",
                "account": args["account"],
                "region": args["region"],
                "services": ["ecr.amazonaws.com"],
                "protect": args["protect"],
                "tags": args["tags"],
            },
            inside,
        )
        own = {repository: self._repository(repository, args["protect"]) for repository in args["repositories"]}
        for repository in args["pull_through_repositories"]:
            self._repository(repository, None)
        copied = {repository.partition("/")[0] for repository in args["pull_through_repositories"]}
        for host, prefix in PUBLIC_REGISTRIES.items():
            if prefix not in copied:
                continue
            aws.ecr.PullThroughCacheRule(
                f"{name}-{prefix}", ecr_repository_prefix=prefix, upstream_registry_url=host, opts=inside
            )
        if args["replicated_to"]:
            self._replication(list(own.values()), given_dependencies(opts))
        # Without any, `Output.all` would give a list.
        self.repository_urls = pulumi.Output.all(
            **{repository: found.repository_url for repository, found in own.items()}
        ).apply(dict[str, str])
        self.register_outputs({"repository_urls": self.repository_urls})

    def _repository(self, repository: str, protect: bool | None) -> aws.ecr.Repository:
        name = f"{self._name}-{repository.replace('/', '-')}"
        made = aws.ecr.Repository(
            name,
            name=repository,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=self._key.arn)
            ],
            tags=named(self._args["tags"], repository),
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=made.name,
            policy=lifecycle_policy(self._args["max_images"]),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return made

    def _replication(self, own: Sequence[pulumi.Resource], registries: Sequence[pulumi.Input[pulumi.Resource]]) -> None:
        args = self._args
        # Repositories that are there keep their own settings; ones that replication made would have none.
        aws.ecr.ReplicationConfiguration(
            f"{self._name}-replication",
            replication_configuration=aws.ecr.ReplicationConfigurationReplicationConfigurationArgs(
                rules=[
                    aws.ecr.ReplicationConfigurationReplicationConfigurationRuleArgs(
                        destinations=[
                            aws.ecr.ReplicationConfigurationReplicationConfigurationRuleDestinationArgs(
                                region=region, registry_id=args["account"]
                            )
                            for region in args["replicated_to"]
                        ],
                        repository_filters=[
                            aws.ecr.ReplicationConfigurationReplicationConfigurationRuleRepositoryFilterArgs(
                                filter=repository, filter_type="PREFIX_MATCH"
                            )
                            for repository in args["repositories"]
                        ],
                    )
                ]
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*own, *registries]),
        )
