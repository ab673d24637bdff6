"""For each rule: a graph that it accepts, and graphs, each with one thing wrong, that it does not."""

from __future__ import annotations

from tests.policy.examples import aws_access, aws_data, aws_network, cluster, docker, pods, texts
from tests.policy.examples.example import Example

EXAMPLES: dict[str, Example] = {
    **aws_network.EXAMPLES,
    **aws_data.EXAMPLES,
    **aws_access.EXAMPLES,
    **cluster.EXAMPLES,
    **pods.EXAMPLES,
    **docker.EXAMPLES,
    **texts.EXAMPLES,
}
"""Rule to example."""
