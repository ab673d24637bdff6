"""The AWS providers of a stack: one for each region, and one for what exists once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.network.addresses import GLOBAL_REGION
from infra.settings.aws import AwsSettings


@dataclass(frozen=True)
class Providers:
    """Explicit providers: a resource with none of them is refused by the engine."""

    regions: Mapping[str, aws.Provider]
    """Region to its provider."""

    worldwide: aws.Provider
    """Provider of what exists once, in us-east-1."""


def make_providers(settings: AwsSettings, tags: Mapping[str, str]) -> Providers:
    """Make a provider for every region of the settings, and the one of what exists once."""
    return Providers(
        regions={region: _provider(f"aws-{region}", region, settings, tags) for region in sorted(settings.regions)},
        worldwide=_provider("aws-worldwide", GLOBAL_REGION, settings, tags),
    )


def _provider(name: str, region: str, settings: AwsSettings, tags: Mapping[str, str]) -> aws.Provider:
    return aws.Provider(
        name,
        region=region,
        # Credentials of another account do nothing, however they came into the shell.
        allowed_account_ids=[settings.account],
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=settings.deploy_role, session_name="gostack")],
        # For what AWS makes on behalf of a resource; each one that takes tags is also given them itself.
        default_tags=aws.ProviderDefaultTagsArgs(tags=dict(tags)),
        opts=pulumi.ResourceOptions(),
    )
