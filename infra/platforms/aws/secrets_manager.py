"""Secrets that AWS Secrets Manager keeps, read with the role that deploys the stack."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.secret_stores.store import SecretStore, value_of_key


def secrets_manager(provider: aws.Provider) -> SecretStore:
    """Return the store of a provider's account and region."""

    def read(place: str, key: str) -> str:
        """Return the text of a secret, by its name or ARN, or a key of the JSON in it."""
        try:
            found = aws.secretsmanager.get_secret_version(secret_id=place, opts=pulumi.InvokeOptions(provider=provider))
        # Pulumi raises nothing narrower for a call that failed.
        except Exception as error:  # noqa: BLE001
            raise ValueError(
                f"it cannot be read ({_reason(error)}): make it in the region of gostack:mysql.primary, and let "
                "gostack:aws.deploy_role call secretsmanager:GetSecretValue."
            ) from None
        return value_of_key(found.secret_string, key)

    return read


def _reason(error: Exception) -> str:
    """One line, and never long."""
    return " ".join(str(error).split())[:200]
