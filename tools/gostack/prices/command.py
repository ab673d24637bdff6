"""`gostack prices`: writes the tables of a stack's regions anew."""

from __future__ import annotations

import contextlib
import io
import urllib.error
import urllib.request
from collections.abc import Generator, Iterable
from pathlib import Path

from tools.gostack.prices.meters import WORLDWIDE
from tools.gostack.prices.price_list import Lines, PriceListError, prices_in
from tools.gostack.prices.table import TABLES, file_of, prices_of, written
from tools.gostack.rds_certificates import stack_regions

TIMEOUT_SECONDS = 60
"""Longest silence of AWS's server."""


@contextlib.contextmanager
def opened(url: str) -> Generator[Iterable[str]]:
    """Give what a URL holds, line by line; raises PriceListError when it cannot be had."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 (always https, see ADDRESS)
            yield io.TextIOWrapper(answer, encoding="utf-8", newline="")
    except (urllib.error.URLError, OSError) as error:
        raise PriceListError(f"{url} cannot be read ({error}): try again where it can be reached.") from None


def renew(stack_file: Path, folder: Path = TABLES, lines: Lines = opened) -> int:
    """Write a table for each region of a stack, and one for what has none; say what changed in each."""
    for region in (*stack_regions(stack_file), WORLDWIDE):
        before, after = prices_of(region), prices_in(region, lines)
        (folder / file_of(region).name).write_text(written(after), encoding="utf-8")
        changed = sum(key in before and before[key].usd != price.usd for key, price in after.items())
        print(f"{region}: {len(after)} prices, {changed} of them changed, {len(before.keys() - after.keys())} are gone")
    print("look at the difference and commit it")
    return 0
