"""The tables of prices in this repository: one a region, each price with its source and the day of which it is."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from tools.gostack.prices.meters import Unit

TABLES = Path(__file__).resolve().parent / "tables"

HEADER = (
    "# On-demand prices of AWS in US dollars, without tax and discounts. `gostack prices` writes this file from AWS's\n"
    "# price list; what was entered by hand names where it was read. A price without a source does not stand here.\n"
)


class Price(BaseModel):
    """What one of something costs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    """Code of the service in AWS's price list."""

    unit: Unit

    usd: Decimal = Field(gt=0)

    source: str = Field(pattern=r"^https://")
    """Where it was read."""

    date: datetime.date
    """Day of which it is, as its source says."""


_TABLE: TypeAdapter[dict[str, Price]] = TypeAdapter(dict[str, Price])


def file_of(region: str) -> Path:
    """Return the file with a region's table, which need not be there."""
    return TABLES / f"{region}.yaml"


@functools.cache
def prices_of(region: str) -> Mapping[str, Price]:
    """Return a region's prices by their keys; none when there is no table of it."""
    file = file_of(region)
    return _TABLE.validate_python(yaml.safe_load(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def written(prices: Mapping[str, Price]) -> str:
    """Return a table as its file has it; the same prices are the same text."""
    document = {key: {**price.model_dump(), "usd": f"{price.usd:f}"} for key, price in sorted(prices.items())}
    return HEADER + yaml.safe_dump(document, sort_keys=False, width=200)
