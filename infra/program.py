"""The stack of the running Pulumi program, from its configuration to its exports."""

from __future__ import annotations

import traceback

import pulumi

from infra.image_admission import require_admission
from infra.images import resolved_images
from infra.outputs import StackOutputs
from infra.secret_stores.resolution import with_secrets
from infra.settings import load_settings
from infra.settings.edge_files import require_edge_secrets
from infra.settings.loading import PROJECT
from infra.settings.neighbours import require_apart
from infra.signatures import require_signatures
from infra.stack import build_stack


def stack_outputs(stack: str) -> StackOutputs:
    """Register every resource of the stack that the configuration describes and return what it exports.

    Raises `pulumi.RunError`, which is shown without a traceback, when the configuration is wrong or names something
    that is missing, as a kubeconfig.
    """
    try:
        settings = with_secrets(load_settings())
        require_apart(stack, settings, PROJECT)
        require_edge_secrets(settings, PROJECT)
        images = resolved_images(settings)
        require_admission(settings, images)
        require_signatures(settings)
        return build_stack(stack, settings, images)
    except ValueError as error:
        # For whoever looks for a fault of the program itself: `pulumi up --debug`.
        pulumi.log.debug(traceback.format_exc())
        raise pulumi.RunError(str(error)) from None
