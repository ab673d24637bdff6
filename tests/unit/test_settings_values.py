"""Values that another program would refuse, change or ignore are refused; those that it takes are accepted.

Does not prove what the other programs take: the tests of integration ask nginx, Consul, MySQL and Pulumi.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.settings import SettingsError, parse_settings
from infra.settings.acme import AcmeSettings
from infra.settings.alert_receivers import AlertReceiver
from infra.settings.environment import LARGEST_ENVIRONMENT, LARGEST_VARIABLE
from infra.settings.files import require_files
from infra.settings.stack_file import configuration, read_text
from tests.support.settings import Change, Document, changed, published, refused


def refusal(change: Change, stack: str = "dev") -> str:
    return refused(lambda: changed(change, stack))


def users(**values: Any) -> Change:
    return lambda document: document["services"]["users"].update(values)


def west(**values: Any) -> Change:
    return lambda document: document["regions"]["west"].update(values)


def hosts(*names: str) -> Change:
    return lambda document: document.update(ingress={"hosts": list(names)})


def image(reference: str) -> Change:
    return lambda document: document.update(images={"nginx": reference})


# Environment


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (4, "4"), (0.5, "0.5"), (2.0, "2"), ("a b", "a b"), ("", "")]
)
def test_a_variable_arrives_as_text(value: Any, text: str) -> None:
    service = changed(users(environment={"debug_mode": value}, canary={"environment": {"X": value}})).services["users"]
    assert [track.environment for track in service.tracks()] == [
        {"debug_mode": text},
        {"debug_mode": text, "X": text},
    ]


def test_a_number_that_would_arrive_as_another_text_is_refused() -> None:
    text = "config:\n  gostack:services: {users: {context: services/users, environment: {VERSION: 1.10}}}\n"
    document = {**published(), **configuration(read_text(text, "f"), "f")}
    with pytest.raises(SettingsError, match=r'VERSION is 1\.10, which would arrive as 1\.1: write "1\.10"\.$'):
        parse_settings(document)


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"A": None}, 'environment: A is empty: write "" for a variable without a text, or remove it.'),
        ({"A": "x\0y"}, "environment: A has a character with the code 0"),
        ({"A": "x" * LARGEST_VARIABLE}, f"environment: A has {LARGEST_VARIABLE + 3} bytes with its name, and Linux"),
        ({f"A{n}": "x" * 100_000 for n in range(6)}, "environment: it has 600"),
        ({"A": ["x"]}, "environment.A: input should be a valid string"),
        ({"1A": "x"}, "environment.1A is not a variable name"),
        ({"A-B": "x"}, "environment.A-B is not a variable name"),
        ({"A": {"secure": "v1:x"}}, "environment: A is encrypted: write it into secrets"),
    ],
    ids=["null", "zero", "too long", "too much", "list", "digit first", "hyphen", "encrypted"],
)
def test_a_variable_that_cannot_arrive_is_refused(environment: Document, problem: str) -> None:
    assert problem in refusal(users(environment=environment))


def test_the_longest_variable_is_accepted() -> None:
    value = "x" * (LARGEST_VARIABLE - len("A=") - 1)
    assert changed(users(environment={"A": value})).services["users"].environment["A"] == value


def test_what_a_canary_adds_counts_too() -> None:
    half = {f"A{n}": "x" * 100_000 for n in range(3)}
    more = {f"B{n}": "x" * 100_000 for n in range(3)}
    assert LARGEST_ENVIRONMENT < 600_000
    assert "canary.environment has 600" in refusal(users(environment=half, canary={"environment": more}))


# Types


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (west(https_port=True), "gostack:regions.west.https_port: input should be a valid integer, but it is True"),
        (users(replicas=True), "gostack:services.users.replicas: input should be a valid integer, but it is True"),
        (users(replicas="2"), "gostack:services.users.replicas: input should be a valid integer, but it is '2'"),
        (users(cpus="1"), "gostack:services.users.cpus: input should be a valid number"),
        (lambda d: d["mysql"].update(protect="yes"), "gostack:mysql.protect: input should be a valid boolean"),
        (lambda d: d["mysql"].update(protect=1), "gostack:mysql.protect: input should be a valid boolean"),
    ],
)
def test_a_truth_a_number_and_a_text_are_not_taken_for_each_other(change: Change, problem: str) -> None:
    assert refusal(change).startswith(problem)


# Hosts, addresses and ports


@pytest.mark.parametrize(
    "host",
    [
        "a..b",
        "x" * 64,
        "a-.b",
        "-a.b",
        ".a",
        "a.",
        "999.999.999.999",
        "1.2.3",
        "127.0.0.01",
        "x." * 130 + "x",
        "",
        "A.b",
    ],
)
def test_a_host_that_nothing_can_ask_for_is_refused(host: str) -> None:
    assert 'write it like "' in refusal(hosts("localhost", host))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "a.example.com", "xn--bcher-kva.example", "x" * 63, "1a.b"])
def test_a_host_that_clients_ask_for_is_accepted(host: str) -> None:
    assert changed(hosts(host)).ingress.hosts == [host]


def test_a_host_twice_is_refused() -> None:
    assert refusal(hosts("a.b", "c.d", "a.b")) == 'gostack:ingress.hosts: "a.b" is there twice: remove one of them.'


@pytest.mark.parametrize("address", ["255.255.255.255", "224.0.0.1", "240.0.0.1", "0.0.0.1", "1.2.3", "::1", ""])
def test_an_address_that_no_machine_has_is_refused(address: str) -> None:
    assert refusal(west(bind_address=address)).startswith("gostack:regions.west.bind_address: ")


def test_two_addresses_may_have_the_same_port() -> None:
    assert changed(west(bind_address="127.0.0.2", https_port=8443)).regions["west"].https_port == 8443


def test_every_address_has_no_port_that_another_one_has() -> None:
    assert "uses already" in refusal(west(bind_address="0.0.0.0", https_port=8443))


# Images


@pytest.mark.parametrize(
    "reference",
    [
        "nginx:1.30-RC1",
        "nginx:1.30_alpine",
        "registry.example.com:5000/a/b__c/d.e-f--g:v1",
        "Registry.Example.com/nginx:1",
        "localhost:5001/nginx:1",
        "[::1]:5000/nginx:1",
        "nginx@sha256:" + "a" * 64,
        "localhost:5000/nginx:1@sha256:" + "a" * 64,
        "nginx:" + "1" * 128,
    ],
)
def test_a_reference_of_the_grammar_is_accepted(reference: str) -> None:
    assert changed(image(reference)).images.nginx == reference


@pytest.mark.parametrize(
    "reference",
    [
        *("a:b:c", "a//b:1", "a/:1", "/a:1", "a/b/:1", "Nginx:1", "ng..inx:1", "nginx-:1", "nginx:1+2", "nginx:-1"),
        *(
            "a___b:1",
            "nginx:" + "1" * 129,
            "x" * 256 + ":1",
            "nginx:1\n",
            "nginx:@sha256:" + "a" * 64,
            "",
            ":1",
            "a b:1",
        ),
    ],
)
def test_what_no_registry_reads_is_refused(reference: str) -> None:
    assert refusal(image(reference)).startswith("gostack:images.nginx: ")


@pytest.mark.parametrize("reference", ["nginx", "nginx:", "registry.example.com:5000/nginx", "localhost/nginx:"])
def test_a_missing_tag_is_told_with_what_to_write(reference: str) -> None:
    assert refusal(image(reference)).endswith(f'for example "{reference.removesuffix(":")}:1.0".')


# Platforms

ONLY_KUBERNETES: dict[str, Change] = {
    "services.users.egress": users(egress=[{"network": "0.0.0.0/0", "port": 443}]),
    "services.users.autoscaling": users(autoscaling={"maximum": 3}),
    "services.users.memory_request_mib": users(memory_request_mib=4096),
    "services.users.cpu_request": users(cpu_request=0.1),
    "services.users.check.liveness_path": users(check={"liveness_path": "/live"}),
    "mysql.storage_gib": lambda d: d["mysql"].update(storage_gib=10),
}


@pytest.mark.parametrize(("key", "change"), ONLY_KUBERNETES.items(), ids=ONLY_KUBERNETES)
def test_what_docker_would_ignore_is_refused_there(key: str, change: Change) -> None:
    assert refusal(change) == f'gostack:{key} has a meaning only when gostack:platform is "kubernetes": remove it.'


@pytest.mark.parametrize("change", [users(autoscaling=None), users(egress=[])])
def test_what_asks_for_nothing_is_accepted_everywhere(change: Change) -> None:
    assert changed(change).services["users"]


def test_a_dockerfile_of_what_is_built_elsewhere_is_refused() -> None:
    def change(document: Document) -> None:
        document["services"]["users"] = {"image": "users:1.0", "main_package": "./cmd"}

    assert refusal(change).startswith("gostack:services.users.main_package has a meaning only with a context")


def test_one_port_for_tls_and_its_redirect_is_refused_on_kubernetes() -> None:
    message = refusal(lambda d: d["regions"].update(east={"https_port": 80}), "staging")
    assert message == "gostack:regions.east.http_port is 80, which https_port uses already: choose another port."


def test_a_port_that_aws_has_not_is_refused_there() -> None:
    message = refusal(lambda d: d["regions"].update({"us-east-1": {"https_port": 8443}}), "prod")
    assert message.startswith("gostack:regions.us-east-1.https_port has no meaning with gostack:aws")


def test_a_region_without_a_network_is_refused_on_docker_however_it_is_written() -> None:
    assert refusal(west(cidr=None)) == "gostack:regions.west.cidr is missing: add it to the stack file."


@pytest.mark.parametrize("namespace", ["kube", "kube-system"])
def test_a_namespace_of_kubernetes_itself_is_refused(namespace: str) -> None:
    assert "Kubernetes' own" in refusal(lambda d: d["kubernetes"].update(namespace=namespace), "staging")


@pytest.mark.parametrize(
    ("key", "value"),
    [("owner", "a & b"), ("cost_centre", "x;y"), ("kubernetes_version", "1.3"), ("account", "1"), ("owner", "")],
)
def test_what_aws_would_refuse_is_told_with_an_example(key: str, value: str) -> None:
    assert 'write it like "' in refusal(lambda d: d["aws"].update({key: value}), "prod")


def test_an_address_of_a_mail_host_without_a_dot_is_taken_where_aws_does_not_write_to_it() -> None:
    receiver = {"kind": "email", "to": "ops@mailhost", "sender": "gostack@mailhost", "smarthost": "mailhost:25"}
    assert AlertReceiver.model_validate(receiver).to == "ops@mailhost"
    assert AcmeSettings(email="ops@mailhost").email == "ops@mailhost"
    message = refusal(lambda d: d["aws"].update(alarm_emails=["ops@mailhost"]), "prod")
    assert message.endswith('"ops@mailhost" is not an e-mail address; write it like "on-call@example.com".')


def test_an_aurora_that_does_not_know_the_statements_is_refused() -> None:
    message = refusal(lambda d: d["aws"]["database"].update(engine_version="8.0.mysql_aurora.3.04.1"), "prod")
    assert message.endswith("is too old: use 8.0.mysql_aurora.3.05.2 or a newer one.")


# Times


def test_a_certificate_does_not_outlive_its_authority() -> None:
    change: Change = lambda d: d.update(certificates={"lifetime_days": 397, "authority_lifetime_days": 365})  # noqa: E731
    assert "no certificate outlives its authority" in refusal(change)


def test_a_time_that_consul_cannot_count_is_refused() -> None:
    assert "is not a duration" in refusal(users(check={"interval": "9" * 40 + "m"}))


# Messages


def test_too_many_regions_are_counted_and_not_listed() -> None:
    def change(document: Document) -> None:
        document["regions"] = {f"r{number}": {"cidr": f"10.81.{number}.0/24"} for number in range(12)}

    assert refusal(change) == "gostack:regions has 12 entries: use at most 11."


@pytest.mark.parametrize("change", [users(context=["x" * 5000]), users(routes={"a": "b" * 5000})])
def test_a_long_value_is_not_told_whole(change: Change) -> None:
    assert len(refusal(change)) < 250


def test_what_is_nested_without_end_is_one_sentence() -> None:
    nested: Any = 1
    for _ in range(5000):
        nested = [nested]
    assert "lists and mappings inside each other" in refusal(users(settings={"a": nested}))


# Folders


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "stack"
    for folder in (root / "services" / "users", root / ".gostack", tmp_path / "shop", tmp_path / "other"):
        folder.mkdir(parents=True)
    (root / "services" / "Dockerfile").write_text("x")
    for module in (root / "services" / "users", tmp_path / "shop"):
        (module / "go.mod").write_text("module example.test/shop\n")
        (module / "main.go").write_text("package main\n")
    (tmp_path / "other" / "Dockerfile").write_text("FROM scratch\n")
    (root / ".gostack" / "go.mod").write_text("x")
    return root


def checked(project: Path, **values: Any) -> str:
    """What is told of a service with these settings; empty when it is accepted."""
    document = published()
    document["services"]["users"] = {"routes": [], **values}
    try:
        require_files(parse_settings(document), project)
    except SettingsError as error:
        return str(error)
    return ""


def test_a_service_beside_the_project_is_built(project: Path) -> None:
    assert checked(project, context="../shop") == ""
    assert checked(project, context=str(project.parent / "shop")) == ""
    assert checked(project, context="../other", dockerfile="../other/Dockerfile") == ""
    assert checked(project, context="services/users", canary={"context": "../shop"}) == ""


@pytest.mark.parametrize("context", ["", ".", "..", "/", "../..", ".gostack", "../stack"])
def test_a_folder_with_the_stacks_secrets_is_not_sent_to_a_builder(project: Path, context: str) -> None:
    assert "state and passphrase" in checked(project, context=context)


def test_another_checkout_is_not_sent_to_a_builder(project: Path) -> None:
    (project.parent / "shop" / ".gostack").mkdir()
    assert "state and passphrase (.gostack)" in checked(project, context="../shop")


@pytest.mark.parametrize("context", ["/etc", "/usr/include", "../other"])
def test_a_folder_without_a_module_is_refused(project: Path, context: str) -> None:
    assert checked(project, context=context).endswith(
        "which holds no go.mod: write the folder of a Go module, or name a Dockerfile in it by dockerfile."
    )


@pytest.mark.parametrize("dockerfile", ["/etc/passwd", "../other/Dockerfile", ".gostack/go.mod"])
def test_a_dockerfile_from_anywhere_is_refused(project: Path, dockerfile: str) -> None:
    assert "neither in the project nor in the folder" in checked(
        project, context="services/users", dockerfile=dockerfile
    )


def test_a_file_that_is_missing_is_told(project: Path) -> None:
    assert "which is not a folder" in checked(project, context="nowhere")
    assert "which is not a file" in checked(project, context="services/users", dockerfile="nowhere")
