"""`gostack flags list`, `set` and `history`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from infra.settings import require_service
from tools.gostack.columns import aligned
from tools.gostack.environment.errors import UserError
from tools.gostack.flags import rules
from tools.gostack.flags.change import change, read
from tools.gostack.flags.document import ON, Flag, dumped, flag_of, parse_flag
from tools.gostack.flags.store import FlagStore
from tools.gostack.lifecycle.workspace import Workspace, demand_up


@dataclass(frozen=True)
class Wanted:
    """What `set` changes of a flag; what is None stays as it is."""

    state: bool | None = None
    """True: on; False: off, everybody gets the default of the service's code."""

    variants: Sequence[str] | None = None
    """NAME=JSON each."""

    default: str | None = None
    shares: Sequence[str] | None = None
    targets: Sequence[str] | None = None
    begin: str | None = None
    end: str | None = None
    clear: bool = False
    """Take all rules away first: schedule, targets and shares."""

    definition: str | None = None
    """The whole flag as JSON, instead of all else."""

    remove: bool = False


def store_of(workspace: Workspace, service: str) -> FlagStore:
    """Return where a service's flags are; raises UserError, or SettingsError where there is no such service."""
    require_service(workspace.settings, service)
    if workspace.settings.platform != "docker":
        raise UserError(
            f"{workspace.stack} is on {workspace.settings.platform.capitalize()}, where Consul takes writes from its "
            f"own pods only: write the key flags/{service} there (docs/flags.md)."
        )
    outputs = workspace.outputs()
    demand_up(outputs, workspace.stack, "consul")
    consul: Mapping[str, str] = outputs["consul"]
    return FlagStore({region: url.rstrip("/") for region, url in consul.items()}, service)


def list_flags(store: FlagStore, *, as_json: bool = False) -> int:
    """Print the flags; return 0, or 1 when a region has others or cannot be read."""
    regions = read(store)
    document = regions.newest.document
    behind = {region: f"has version {regions.stored[region].document.version}" for region in regions.behind}
    apart = {**regions.problems, **behind}
    if as_json:
        print(json.dumps({"document": dumped(document), "apart": apart}))
    elif document.flags:
        rows = [("flag", "state", "default", "variants", "rules")]
        rows += [(name, *_cells(flag)) for name, flag in document.flags.items()]
        print("\n".join(aligned(rows)))
    else:
        print(f"{store.service} has no flags.")
    return _told_apart(apart, document.version)


def set_flag(store: FlagStore, name: str, wanted: Wanted) -> int:
    """Change a flag in every region; return 0, or 1 when a region does not have it."""
    if not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
        raise UserError(f'"{name}" is no name of a flag: use letters, digits, ".", "_" and "-".')
    document, missing = change(store, name, _in_words(wanted), lambda before: _changed(name, before, wanted))
    flag = document.flags.get(name)
    print(f"{name}: {_sentence(flag) if flag else 'removed'} (version {document.version})")
    return _told_apart(missing, document.version)


def history(store: FlagStore, flag: str | None = None, *, as_json: bool = False) -> int:
    """Print who changed what and when, newest first."""
    found = [one for one in read(store).newest.history if flag in (None, one.flag)]
    if as_json:
        print(json.dumps([asdict(one) for one in found]))
    elif found:
        rows = [("version", "time", "who", "flag", "change")]
        rows += [(str(one.version), one.at.partition("+")[0], one.by, one.flag, one.what) for one in found]
        print("\n".join(aligned(rows)))
    else:
        print("nothing was changed.")
    return 0


def told_missing(missing: Mapping[str, str], version: int) -> str:
    """Return in a sentence for each region that it does not have a version; empty for none."""
    return "\n".join(
        f"{region} does not have version {version} ({reason}): its replicas keep what they have. Set the flag again "
        "when it answers."
        for region, reason in missing.items()
    )


def _told_apart(missing: Mapping[str, str], version: int) -> int:
    if missing:
        print(told_missing(missing, version), file=sys.stderr)
    return 1 if missing else 0


def _changed(name: str, before: Flag | None, wanted: Wanted) -> Flag | None:
    if wanted.remove:
        if before is None:
            raise UserError(f'there is no flag "{name}" to remove.')
        return None
    if wanted.definition is not None:
        return parse_flag(wanted.definition)
    values: dict[str, Any] = dumped(before) if before is not None else {"state": "ENABLED"}
    if wanted.state is not None:
        values["state"] = "ENABLED" if wanted.state else "DISABLED"
    if wanted.variants is not None:
        values["variants"] = dict(_variant(text) for text in wanted.variants)
    elif before is None:
        values["variants"] = ON
    old_default = values.get("defaultVariant", "off")
    values["defaultVariant"] = wanted.default if wanted.default is not None else old_default
    _set_rules(name, values, old_default, wanted)
    return flag_of(values)


def _set_rules(name: str, values: dict[str, Any], old_default: str, wanted: Wanted) -> None:
    targeting: Mapping[str, Any] = {} if wanted.clear else values.get("targeting", {})
    given = (wanted.shares, wanted.targets, wanted.begin, wanted.end, wanted.default)
    if all(one is None for one in given):
        values["targeting"] = targeting
        return
    before = rules.read(targeting, old_default)
    if before is None:
        raise UserError(
            f"the targeting of {name} was written by hand: add --clear, or give the flag with --definition."
        )
    now = rules.Rules(
        before.begin if wanted.begin is None else rules.parse_moment(wanted.begin),
        before.end if wanted.end is None else rules.parse_moment(wanted.end),
        before.targets if wanted.targets is None else rules.parse_targets(wanted.targets),
        before.shares if wanted.shares is None else rules.parse_shares(wanted.shares),
    )
    values["targeting"] = now.targeting(values["defaultVariant"])


def _variant(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UserError(f'"{text}" is no variant: write it like fast=true, or slow=\'"800ms"\' for a text.')
    try:
        return name, json.loads(value)
    except ValueError:
        # A shell takes the quotation marks of a text away.
        return name, value


def _cells(flag: Flag) -> tuple[str, str, str, str]:
    state = "on" if flag.state == "ENABLED" else "off"
    variants = ", ".join(f"{name}={json.dumps(value)}" for name, value in flag.variants.items())
    found = rules.read(flag.targeting, flag.default_variant)
    return state, flag.default_variant, variants, "by hand" if found is None else str(found) or "-"


def _sentence(flag: Flag) -> str:
    state, default, _, given = _cells(flag)
    if state == "off":
        return "off, everybody gets the default of the code"
    return f"on, {default} for everybody" if given == "-" else f"on, {given}, else {default}"


def _in_words(wanted: Wanted) -> str:
    if wanted.remove:
        return "removed"
    if wanted.definition is not None:
        return "defined"
    parts = ["on" if wanted.state else "off"] if wanted.state is not None else []
    parts += ["rules cleared"] if wanted.clear else []
    lists = {"variants": wanted.variants, "share": wanted.shares, "target": wanted.targets}
    parts += [f"{key} {' '.join(values)}" for key, values in lists.items() if values is not None]
    texts = {"default": wanted.default, "from": wanted.begin, "until": wanted.end}
    parts += [f"{key} {text}" for key, text in texts.items() if text is not None]
    return ", ".join(parts) or "made"
