"""The boundary of every role that a stack makes, whichever component makes it: none can be forgotten."""

from __future__ import annotations

import pulumi

ROLE = "aws:iam/role:Role"


def bound_roles(boundary: str | None) -> None:
    """Give every IAM role that is made from now on this permissions boundary; None leaves them without."""
    if boundary is None:
        return

    def bounded(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != ROLE:
            return None
        return pulumi.ResourceTransformationResult({**args.props, "permissions_boundary": boundary}, args.opts)

    pulumi.runtime.register_stack_transformation(bounded)
