"""What a stack exports: the whole contract, with values that fit the settings.

Does not prove that anything answers at the exported addresses.
"""

from __future__ import annotations

from typing import Any

from cryptography import x509

from infra.outputs import ImageOutput, MySqlOutput, ServiceOutput, StackOutputs
from tests.graph.conftest import Document, dev_graph
from tests.graph.recorder import UNKNOWN, Graph, holds_secret


def exported(graph: Graph) -> dict[str, Any]:
    return {key: output["value"] for key, output in graph.outputs.items()}


def test_all_keys_of_the_contract_are_exported_in_plain(dev: Graph) -> None:
    outputs = exported(dev)
    assert outputs.keys() == StackOutputs.__annotations__.keys()
    assert all(
        service.keys() == ServiceOutput.__annotations__.keys() - {"migrations_image"}
        for service in outputs["services"].values()
    )
    assert outputs["mysql"].keys() == MySqlOutput.__annotations__.keys()
    assert all(image.keys() == ImageOutput.__annotations__.keys() for image in outputs["images"].values())
    assert [key for key, output in dev.outputs.items() if output["secret"] or holds_secret(output["value"])] == []


def test_the_exports_are_those_of_the_settings(dev: Graph) -> None:
    outputs = exported(dev)
    source = dev.resources["users"].name
    image = dev.told[source]["reference"]
    assert x509.load_pem_x509_certificate(outputs.pop("ca_certificate").encode()).subject.rfc4514_string() == (
        "CN=gostack dev certificate authority,O=gostack"
    )
    assert sorted(outputs.pop("images")) == [
        *("consul", "golang", "mysql", "nginx", "pause"),
        *("victoria-logs", "victoria-metrics", "vmalert"),
    ]
    assert outputs == {
        "url": "https://localhost:8443",
        "regions": {"east": "https://localhost:8443", "west": "https://localhost:9443"},
        "protected_regions": [],
        "addresses": {"east": "127.0.0.1:8443", "west": "127.0.0.1:9443"},
        "services": {"users": {"url": "https://localhost:8443/api/v1/users", "image": image, "tracks": {"stable": 4}}},
        "consul": {"east": "http://127.0.0.1:8500", "west": "http://127.0.0.1:9500"},
        "dashboards": {
            "console": "http://127.0.0.1:8900",
            "consul-east": "http://127.0.0.1:8500",
            "consul-west": "http://127.0.0.1:9500",
        },
        "mysql": {
            "topology": "group",
            "primary": "mysql-east:3306",
            "replicas": {"west": "mysql-west:3306", "witness": "mysql-witness:3306"},
            "members": {
                "east": "mysql-east:3306",
                "west": "mysql-west:3306",
                "witness": "mysql-witness:3306",
            },
        },
    }


def test_a_url_on_the_port_of_https_names_no_port_and_a_service_without_a_route_has_none() -> None:
    def change(document: Document) -> None:
        document["regions"]["east"]["https_port"] = 443
        document["services"]["inner"] = {"context": "services/greeter", "replicas": 1}

    outputs = exported(dev_graph(change))
    assert outputs["url"] == "https://localhost"
    assert outputs["services"]["inner"]["url"] == ""
    assert outputs["services"]["inner"]["tracks"] == {"stable": 2}


def test_the_url_of_a_service_is_known_only_when_its_ingress_serves_it(preview: Graph) -> None:
    # The exported URL is made from the release that put the routes in force.
    assert (preview.outputs["url"], preview.outputs["services"]) == (UNKNOWN, UNKNOWN)
