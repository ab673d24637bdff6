"""What each environment asks for, and the exit codes that say whether a change may go on.

Does not prove that GitHub refuses the merge: a branch protection rule that requires the job `gate` does.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from policy.pack import NAME as PACK
from tests.delivery.streams import TODAY, assessment
from tools.gostack.gate.allow import AllowEntry, load_allow_entries
from tools.gostack.gate.decision import BLOCKED, OPEN, POLICY_PACK, WAITING, Evidence, decide, judge
from tools.gostack.gate.environments import Environment, GateError, environment_of, load_environments
from tools.gostack.gate.evidence import deployed_stacks
from tools.gostack.lifecycle.workspace import PulumiError
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.changes import Change, StackChanges, Violation
from tools.gostack.report.command import gate
from tools.gostack.report.recording import save

DEV, STAGING, PROD = (environment_of(name, load_environments()) for name in ("dev", "staging", "prod"))
EAST = (
    "urn:pulumi:report::gostack::gostack:index:MySqlCluster$gostack:index:MySqlMember$docker:index/volume:Volume"
    "::mysql-east-data"
)
WEST = EAST.replace("east", "west")
EVERYTHING = Evidence(tests_passed=True, approvals=2)


def entry(urn: str, days: int = 7, operation: str = "replace") -> AllowEntry:
    return AllowEntry.model_validate(
        {
            "urn": urn,
            "operation": operation,
            "reason": "The backup was restored elsewhere and compared.",
            "expires": TODAY + datetime.timedelta(days=days),
        }
    )


def outcome(
    looked_at: Assessment, environment: Environment, evidence: Evidence, entries: list[AllowEntry] | None = None
) -> tuple[int, str]:
    decision = decide(looked_at, environment, entries or [], TODAY)
    code, reasons = judge(looked_at, environment, decision, evidence)
    return code, " | ".join(reasons)


def with_policy_pack(looked_at: Assessment, name: str = "gostack") -> Assessment:
    values = {**looked_at.changes.__dict__, "policy_packs": (name,)}
    return replace(looked_at, changes=StackChanges(**values))


def test_the_published_rules_are_those_of_the_three_environments() -> None:
    assert Environment() == DEV
    assert Environment(tests=True, allow_entries=True) == STAGING
    assert Environment(tests=True, policy_pack=True, approvals=2, allow_entries=True) == PROD


def test_a_stack_that_nobody_wrote_down_needs_everything() -> None:
    assert environment_of("eu-prod", load_environments()) == PROD


@pytest.mark.parametrize(
    ("stack", "packages", "asked"),
    [
        ("dev", {"docker"}, DEV),
        ("dev", {"kubernetes"}, STAGING),
        ("dev", {"aws", "kubernetes"}, PROD),
        ("staging", {"aws"}, PROD),
        ("prod", {"docker"}, PROD),
    ],
)
def test_what_a_stack_is_made_of_counts_beside_its_name(stack: str, packages: set[str], asked: Environment) -> None:
    assert environment_of(stack, load_environments(), packages) == asked


def test_a_provider_of_aws_makes_a_stack_one_on_aws() -> None:
    made = Change("urn", "pulumi:providers:aws", "aws-eu", "create", custom=True)
    assert Assessment.of(StackChanges("dev", (made,))).packages == {"aws"}


def test_a_preview_of_nothing_blocks() -> None:
    stack = Change("urn", "pulumi:pulumi:Stack", "gostack-prod", "create")
    looked_at = Assessment.of(StackChanges("prod", (stack,)))
    assert outcome(looked_at, DEV, EVERYTHING) == (BLOCKED, "the preview holds no resource: nothing was looked at")


def recorded(folder: Path, name: str, stack: str) -> None:
    made = Change("urn", "docker:index/network:Network", "network", "create", custom=True)
    save(Assessment.of(StackChanges(stack, (made,))), folder / f"{name}.json")


def test_a_recording_under_another_stacks_name_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path, "prod", "dev")
    with pytest.raises(PulumiError, match=r"prod.json is a recording of dev: preview the stack again"):
        gate(tmp_path, ["prod"], evidence=EVERYTHING, today=TODAY)


def test_a_stack_that_is_not_deployed_is_left_out_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path, "dev", "dev")
    stacks = ["dev", "staging", "prod"]
    assert gate(tmp_path, stacks, evidence=Evidence(), today=TODAY, deployed=[]) == OPEN
    said = capsys.readouterr().out
    assert "staging: not previewed and not judged: DEPLOYED_STACKS does not name it" in said
    assert "prod: not previewed and not judged" in said


@pytest.mark.parametrize("deployed", [None, ["staging"]])
def test_a_deployed_stack_without_a_preview_closes_the_gate(tmp_path: Path, deployed: list[str] | None) -> None:
    recorded(tmp_path, "dev", "dev")
    with pytest.raises(PulumiError, match=r"staging.json does not exist"):
        gate(tmp_path, ["dev", "staging"], evidence=EVERYTHING, today=TODAY, deployed=deployed)


@pytest.mark.parametrize("text", ["staging", '{"staging": 1}', "[1]"])
def test_a_wrong_list_of_deployed_stacks_is_refused(text: str) -> None:
    with pytest.raises(GateError, match=r'write a JSON list, like \["staging", "prod"\]'):
        deployed_stacks(text)


TRACEBACK = """Program failed with an unhandled exception:
Traceback (most recent call last):
  File "/project/infra/stack.py", line 20, in build_stack
    raise SettingsError(text)
infra.settings.errors.SettingsError: there is no .gostack/kubeconfig: run `make cluster`.
"""


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (TRACEBACK, "there is no .gostack/kubeconfig: run `make cluster`."),
        (
            TRACEBACK.replace("cluster`.", "cluster`,\nor name another."),
            "there is no .gostack/kubeconfig: run `make cluster`,",
        ),
        ("unable to replace resource: it is protected\nmore", "unable to replace resource: it is protected"),
        ("Traceback (most recent call last):\n  File\nKeyError", "KeyError"),
        ("\n \n", "it says nothing"),
    ],
)
def test_what_the_program_says_is_told_and_not_that_it_failed(error: str, sentence: str) -> None:
    refused = Assessment.of(StackChanges("prod", (), errors=(error,)))
    assert outcome(refused, DEV, EVERYTHING) == (BLOCKED, f"the engine refuses: {sentence}")


def test_dev_asks_for_nothing_even_when_data_goes() -> None:
    assert outcome(assessment("volume-replaced"), DEV, Evidence())[0] == OPEN


def test_staging_waits_for_the_tests() -> None:
    assert outcome(assessment("image-bump"), STAGING, Evidence()) == (
        WAITING,
        "every test must pass first (--tests passed)",
    )
    assert outcome(assessment("image-bump"), STAGING, Evidence(tests_passed=True))[0] == OPEN


def test_prod_needs_no_approval_for_what_nobody_notices() -> None:
    assert outcome(with_policy_pack(assessment("image-bump")), PROD, Evidence(tests_passed=True))[0] == OPEN


def test_prod_needs_two_approvals_for_a_risk() -> None:
    risky = with_policy_pack(assessment("open-port"))
    assert outcome(risky, PROD, Evidence(tests_passed=True, approvals=1)) == (
        WAITING,
        "a risky change needs 2 approvals and has 1",
    )
    assert outcome(risky, PROD, EVERYTHING)[0] == OPEN


def test_prod_waits_for_a_policy_pack() -> None:
    code, reasons = outcome(assessment("image-bump"), PROD, EVERYTHING)
    assert (code, reasons) == (
        WAITING,
        "the policy pack must accept the change first (`gostack policy`, then --policy passed)",
    )
    assert outcome(assessment("image-bump"), PROD, Evidence(tests_passed=True, policy_passed=True))[0] == OPEN


def test_a_pack_of_somebody_else_does_not_stand_for_the_projects_rules() -> None:
    assert POLICY_PACK == PACK
    assert outcome(with_policy_pack(assessment("image-bump"), "empty"), PROD, EVERYTHING)[0] == WAITING


def test_a_mandatory_rule_that_is_broken_blocks_whatever_is_approved() -> None:
    looked_at = with_policy_pack(assessment("image-bump"))
    rule = Violation("gostack/no-latest", "the image has no digest", mandatory=True, urn=EAST)
    values = {**looked_at.changes.__dict__, "violations": (rule,)}
    code, reasons = outcome(Assessment.of(StackChanges(**values)), PROD, EVERYTHING)
    assert (code, reasons) == (BLOCKED, "policy gostack/no-latest: the image has no digest")


def test_an_engine_that_refuses_blocks() -> None:
    refused = Assessment.of(StackChanges("prod", (), errors=("unable to replace resource: it is protected\nmore",)))
    assert outcome(refused, DEV, EVERYTHING) == (
        BLOCKED,
        "the engine refuses: unable to replace resource: it is protected",
    )


def test_the_replacement_of_a_data_volume_is_blocked_until_each_is_allowed_by_name() -> None:
    looked_at = with_policy_pack(assessment("volume-replaced"))
    code, reasons = outcome(looked_at, PROD, EVERYTHING)
    assert code == BLOCKED
    assert f"to replace `mysql-east-data` needs an entry in tools/gostack/gate/allow.yaml for `{EAST}`" in reasons
    assert outcome(looked_at, PROD, EVERYTHING, [entry(EAST)])[0] == BLOCKED
    assert outcome(looked_at, PROD, EVERYTHING, [entry(EAST), entry(WEST)])[0] == OPEN


def test_what_is_allowed_still_needs_its_approvals() -> None:
    looked_at = with_policy_pack(assessment("volume-replaced"))
    code, _ = outcome(looked_at, PROD, Evidence(tests_passed=True), [entry(EAST), entry(WEST)])
    assert code == WAITING


def test_an_entry_for_a_replacement_does_not_allow_a_deletion() -> None:
    looked_at = with_policy_pack(assessment("destroy"))
    assert outcome(looked_at, PROD, EVERYTHING, [entry(EAST), entry(WEST)])[0] == BLOCKED


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (entry(EAST, days=-1), "expired on 2026-11-20: remove it, or renew it with its reason"),
        (entry(EAST, days=31), "more than 30 days from now: give it an earlier date"),
        (entry(EAST.replace("east-data", "north-data")), "names no resource of the stack report: remove it"),
    ],
)
def test_an_entry_that_cannot_count_closes_the_gate(wrong: AllowEntry, sentence: str) -> None:
    code, reasons = outcome(with_policy_pack(assessment("image-bump")), PROD, EVERYTHING, [wrong])
    assert code == BLOCKED
    assert sentence in reasons


def test_an_entry_of_another_stack_is_not_looked_at() -> None:
    other = entry(EAST.replace(":report:", ":prod:"), days=-30)
    assert outcome(with_policy_pack(assessment("image-bump")), PROD, EVERYTHING, [other])[0] == OPEN


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("allowed: []", "allowed is not a known key"),
        ("allow:\n", ""),
        ("allow: [{urn: no-urn, operation: replace, reason: long enough to count, expires: 2026-12-01}]", "is no URN"),
        (f"allow: [{{urn: '{EAST}', operation: replace, expires: 2026-12-01}}]", "allow.0.reason is missing"),
        (f"allow: [{{urn: '{EAST}', operation: replace, reason: why, expires: 2026-12-01}}]", "reason is wrong"),
        (
            f"allow: [{{urn: '{EAST}', operation: update, reason: a reason that is good, expires: 2026-12-01}}]",
            "operation is",
        ),
        (
            f"allow: [{{urn: '{EAST}', operation: replace, reason: a reason that is good, expires: soon}}]",
            "expires is wrong",
        ),
        (
            f"allow: [{{urn: '{EAST}', operation: replace, reason: a reason that is good, until: 2026-12-01}}]",
            "is missing",
        ),
        ("allow: [", "is not valid YAML"),
        ("- allow", "the file must be a mapping of keys"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "allow.yaml"
    file.write_text(text, encoding="utf-8")
    if not sentence:
        assert load_allow_entries(file) == []
        return
    with pytest.raises(GateError) as error:
        load_allow_entries(file)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_rule_of_an_environment_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "environments.yaml"
    file.write_text("environments: {prod: {aprovals: 2}}", encoding="utf-8")
    with pytest.raises(GateError, match=r"environments\.prod\.aprovals is not a known key"):
        load_environments(file)


def test_the_published_allow_list_is_empty_and_valid() -> None:
    assert load_allow_entries() == []
