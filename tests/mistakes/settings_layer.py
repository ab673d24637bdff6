"""Tries mistakes in stack files: the settings refuse them, or the rules find what they lead to."""

from __future__ import annotations

from typing import Any

from infra.settings import SettingsError, parse_settings
from policy.judge import judge
from policy.rule import Environment
from tests.mistakes.model import REMOVED, Outcome, SettingsMistake
from tests.mistakes.stacks import Document, published, recorded


def outcome(mistake: SettingsMistake) -> Outcome:
    """Return what becomes of a mistake in a stack file."""
    refused = refusal(mistake)
    if refused is not None:
        return Outcome(mistake, "settings", refused)
    graph = recorded(mistake.stack, lambda given: change(given, mistake))
    for violation in judge(graph, Environment(mistake.stack)):
        if violation.blocks:
            return Outcome(mistake, "policy", f"{violation.rule.name}: {violation.finding.message}")
    return Outcome(mistake, None, "")


def refusal(mistake: SettingsMistake) -> str | None:
    """Return what the settings say of a mistake; None when they accept it."""
    document = published(mistake.stack)
    change(document, mistake)
    if document == published(mistake.stack):
        raise ValueError(f"{mistake.title}: the file is as it was")
    try:
        parse_settings(document)
    except SettingsError as error:
        return str(error)
    return None


def change(document: Document, mistake: SettingsMistake) -> None:
    """Make a mistake in a configuration. Raises KeyError when there is nothing to take away."""
    current: Any = document
    segments = mistake.path.split(".")
    for segment in segments[:-1]:
        current = current[int(segment)] if isinstance(current, list) else current.setdefault(segment, {})
    last: Any = int(segments[-1]) if isinstance(current, list) else segments[-1]
    if mistake.value == REMOVED:
        del current[last]
    elif isinstance(current, list) and last == len(current):
        current.append(mistake.value)
    else:
        current[last] = mistake.value
