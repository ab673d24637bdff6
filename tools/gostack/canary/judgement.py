"""Whether a canary may go on: its figures against its limits, beside those of the stable track."""

from __future__ import annotations

from typing import NamedTuple

from infra.settings.canary import AnalysisSettings
from tools.gostack.canary.figures import Figures


class Names(NamedTuple):
    """What sentences call the two that are compared."""

    canary: str = "canary"
    stable: str = "stable"


TRACKS = Names()


def too_few(canary: Figures, stable: Figures, wanted: int, names: Names = TRACKS) -> str:
    """Return in one sentence that the canary had fewer requests than this; empty when it had as many.

    Nobody can say of such a canary that it is good.
    """
    if canary.requests >= wanted:
        return ""
    return (
        f"no data: the {names.canary} had {canary.requests} requests, {wanted} are needed "
        f"({names.stable} had {stable.requests})"
    )


def fault(canary: Figures, stable: Figures, limits: AnalysisSettings, names: Names = TRACKS) -> str:
    """Return what is wrong with the canary in one sentence; empty when nothing is.

    The stable track's figures are told, so that a reader sees whether the canary or something behind both of them is
    the cause; the canary is stopped in either case.
    """
    if canary.error_percent > limits.error_percent:
        return (
            f"{canary.error_percent:.2f} % of the {names.canary}'s requests failed ({canary.errors} of "
            f"{canary.requests}), the limit is {limits.error_percent:g} %; {names.stable}: {stable.error_percent:.2f} %"
        )
    if canary.p99_milliseconds > limits.p99_milliseconds:
        return (
            f"the {names.canary}'s P99 is {canary.p99_milliseconds:.0f} ms, the limit is {limits.p99_milliseconds} ms; "
            f"{names.stable}: {stable.p99_milliseconds:.0f} ms"
        )
    return ""
