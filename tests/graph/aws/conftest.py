"""The prod stack's ground in AWS, recorded once for all tests that only look at it.

What these tests do not prove: that AWS accepts it, how long it takes, or what IAM decides. Only an account can
(docs/aws.md).
"""

from __future__ import annotations

import pytest

from tests.graph.prod import ground
from tests.graph.recorder import Graph


@pytest.fixture(scope="session")
def prod() -> Graph:
    return ground()
