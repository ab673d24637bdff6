"""Resources read from a recording, a preview and an exported state: the same neutral form, and no secret in it.

Does not prove that the engine still writes what stands in the examples here: `gostack policy` meets it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from policy.readers import ReadError, from_preview, from_recorded, from_state, read_document
from policy.readers.masking import SIGNATURE, masked
from policy.resource import Graph, Marker, Resource, texts
from tests.graph.recorder import Graph as Recording

STACK = "urn:pulumi:prod::gostack::pulumi:pulumi:Stack::gostack-prod"
PROVIDER = "urn:pulumi:prod::gostack::pulumi:providers:aws::aws-eu"
NETWORK = "urn:pulumi:prod::gostack::gostack:index:Network::network-eu"
VPC = "urn:pulumi:prod::gostack::gostack:index:Network$aws:ec2/vpc:Vpc::network-eu-vpc"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}

STATES: list[dict[str, Any]] = [
    {"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False},
    {
        "urn": PROVIDER,
        "type": "pulumi:providers:aws",
        "custom": True,
        "id": "1-2-3",
        "parent": STACK,
        "inputs": {"region": "eu-central-1"},
    },
    {"urn": NETWORK, "type": "gostack:index:Network", "custom": False, "parent": STACK},
    {
        "urn": VPC,
        "type": "aws:ec2/vpc:Vpc",
        "custom": True,
        "id": "vpc-1",
        "parent": NETWORK,
        "inputs": {"cidrBlock": "10.0.0.0/16", "tags": {"password": SECRET}},
        "outputs": {"arn": "arn:aws:ec2"},
        "provider": f"{PROVIDER}::1-2-3",
        "protect": True,
        "retainOnDelete": True,
        "ignoreChanges": ["tags"],
        "propertyDependencies": {"cidrBlock": [NETWORK]},
    },
]


def vpc_of(graph: Graph) -> Resource:
    (vpc,) = graph.named("network-eu-vpc")
    return vpc


def test_a_state_and_a_preview_give_the_same_resources() -> None:
    state = from_state({"version": 3, "deployment": {"resources": STATES}})
    preview = from_preview({"steps": [{"op": "same", "urn": item["urn"], "newState": item} for item in STATES]})
    assert state == preview
    vpc = vpc_of(state)
    assert (vpc.stack, vpc.package, vpc.kind, vpc.parent) == ("prod", "aws", "Vpc", NETWORK)
    assert vpc.options.protect
    assert vpc.options.retain_on_delete
    assert vpc.options.ignore_changes == ("tags",)
    assert vpc.dependencies == {NETWORK}
    assert vpc.outputs == {"arn": "arn:aws:ec2"}


def test_a_provider_is_found_by_the_reference_that_names_its_identity_too() -> None:
    graph = from_state({"deployment": {"resources": STATES}})
    provider = graph.provider_of(vpc_of(graph))
    assert provider is not None
    assert provider.at("region") == "eu-central-1"
    assert not vpc_of(graph).has_default_provider


@pytest.mark.parametrize("name", ["default", "default_7_51_1"])
def test_the_engines_own_provider_is_known_by_its_name(name: str) -> None:
    changed = {**STATES[3], "provider": f"urn:pulumi:prod::gostack::pulumi:providers:aws::{name}::1"}
    assert vpc_of(from_state({"deployment": {"resources": [changed]}})).has_default_provider


def test_what_stands_directly_below_the_stack_has_no_parent() -> None:
    graph = from_state({"deployment": {"resources": STATES}})
    assert graph.named("network-eu")[0].parent == ""
    assert [item.name for item in graph.ancestors(vpc_of(graph))] == ["network-eu"]


def test_what_goes_away_is_not_read() -> None:
    assert len(from_state({"deployment": {"resources": [{**STATES[3], "delete": True}]}})) == 0
    assert len(from_preview({"steps": [{"op": "delete", "urn": VPC, "oldState": STATES[3]}]})) == 0


def test_a_replacement_is_read_as_what_it_becomes() -> None:
    after = {**STATES[3], "inputs": {"cidrBlock": "10.1.0.0/16"}}
    steps = [
        {"op": "create-replacement", "urn": VPC, "oldState": STATES[3], "newState": after},
        {"op": "replace", "urn": VPC, "oldState": STATES[3], "newState": after},
        {"op": "delete-replaced", "urn": VPC, "oldState": STATES[3]},
    ]
    assert vpc_of(from_preview({"steps": steps})).at("cidrBlock") == "10.1.0.0/16"


@pytest.mark.parametrize(
    "sent",
    [
        SECRET,
        {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "value": "hunter2"},
        {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"hunter2"'},
        {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "secret": True, "value": "hunter2"},
        "[secret]",
    ],
    ids=["encrypted", "in an envelope", "shown", "in an output value", "masked by the engine"],
)
def test_a_secret_is_a_marker_in_whatever_form_it_is_written(sent: Any) -> None:
    read = masked({"list": [{"value": sent}]})
    assert read["list"][0]["value"] is Marker.SECRET
    assert "hunter2" not in json.dumps(read)


def test_what_a_provider_is_told_is_read_from_its_json() -> None:
    told = {"region": "eu-central-1", "defaultTags": '{"tags": {"owner": "platform"}}', "skipRegionValidation": "false"}
    (provider,) = from_state({"deployment": {"resources": [{**STATES[1], "inputs": told}]}})
    assert provider.at("defaultTags.tags.owner") == "platform"
    assert provider.at("skipRegionValidation") is False
    assert provider.at("region") == "eu-central-1"


def test_what_is_not_known_yet_is_a_marker_even_inside_a_text() -> None:
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert masked([unknown, f"container:{unknown}"]) == [Marker.UNKNOWN, Marker.UNKNOWN]
    assert masked({SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}) is Marker.UNKNOWN


def test_a_path_below_a_marker_is_that_marker() -> None:
    resource = Resource(urn="u", type="t", name="n", inputs={"data": Marker.SECRET, "list": [{"a": 1}]})
    assert resource.at("data.key") is Marker.SECRET
    assert resource.at("list.0.a") == 1
    assert resource.at("list.1.a", "none") == "none"


def test_texts_are_found_at_any_depth_and_markers_are_left_out() -> None:
    value = {"a": [{"b": "x"}, Marker.SECRET], "c": "y", "d": 3}
    assert list(texts(value)) == [("a.0.b", "x"), ("c", "y")]


def test_a_recording_keeps_options_parents_and_order(dev: Recording) -> None:
    graph = from_recorded(dev.resources.values())
    assert [item.name for item in graph] == list(dev.resources)
    (server,) = graph.named("mysql-east-server")
    parent = graph.parent_of(server)
    assert parent is not None
    assert parent.type == "gostack:index:MySqlMember"
    assert server.options.delete_before_replace is True
    assert {graph.by_urn[urn].name for urn in server.dependencies} >= dev.resources[server.name].dependencies - {""}


def test_a_recording_gives_away_no_secret(dev: Recording) -> None:
    graph = from_recorded(dev.resources.values())
    (stash,) = graph.named("authority-key-pair")
    assert stash.at("input") is Marker.SECRET
    assert "PRIVATE KEY" not in json.dumps([[item.inputs, item.outputs] for item in graph])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "x.json is not JSON"),
        ("[]", "x.json holds neither a preview nor a state"),
        ('{"diagnostics": [{"message": "no such key"}]}', r"x.json is a preview that failed \(no such key\)"),
    ],
)
def test_a_file_that_holds_something_else_is_told(text: str, sentence: str) -> None:
    with pytest.raises(ReadError, match=f"^{sentence}"):
        read_document(text, "x.json")
