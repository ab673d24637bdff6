"""What the policy SDK has to be told before it serves: to keep secrets marked, and to read a resource once.

Both change functions inside of `pulumi_policy`, whose version requirements.txt pins; the tests meet it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import pulumi_policy.policy as sdk
from google.protobuf import json_format
from pulumi_policy.deserialize import deserialize_properties, serialize_properties

from policy.readers.masking import masked
from policy.resource import mapping

_REMEMBERED = 8192


class Once:
    """A function whose result for an object is kept, by the identity of the object."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make
        # With the object itself: while it is kept, no other has its identity.
        self._known: OrderedDict[int, tuple[Any, Any]] = OrderedDict()

    def __call__(self, given: Any, *_: object, **__: object) -> Any:
        """Return the result for `given`."""
        known = self._known.get(id(given))
        if known is None or known[0] is not given:
            known = self._known[id(given)] = (given, self._make(given))
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return known[1]


def prepare() -> None:
    """Change the SDK, once, before the policy pack is made.

    It reads each resource anew for each policy, which takes longer than all rules together; and for a validation it
    takes the mark off secrets, so that the rule against secrets in plain text would find each of them.
    """
    sdk.json_format = _JsonFormat()  # pyright: ignore[reportAttributeAccessIssue, reportPrivateImportUsage]
    sdk.deserialize_properties = Once(lambda props: deserialize_properties(props, proxy_secrets=True))  # pyright: ignore[reportPrivateImportUsage]


def inputs(props: Any) -> Mapping[str, Any]:
    """Return what the SDK gives a policy as plain data with markers."""
    return _inputs(props)


# Through the form of the wire: the SDK's own objects raise at the first unknown value.
_inputs = Once(lambda props: mapping(masked(serialize_properties(props))))


class _JsonFormat:
    """The part of `json_format` that the SDK uses."""

    def __init__(self) -> None:
        self.MessageToDict = Once(json_format.MessageToDict)
        self.ParseDict = json_format.ParseDict
