"""AWS's public price list: index files in JSON that lead to one file of prices a service and region, read as CSV.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/bulk-api-reading-price-list-files.html. The file of EC2 has
hundreds of megabytes: rows are read one after the other, and what is not wanted is not kept.
"""

from __future__ import annotations

import csv
import datetime
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal, InvalidOperation

from tools.gostack.documents import mapping
from tools.gostack.environment.errors import UserError
from tools.gostack.prices.meters import METERS, WORLDWIDE, Meter
from tools.gostack.prices.table import Price

ADDRESS = "https://pricing.us-east-1.amazonaws.com"
INDEX = f"{ADDRESS}/offers/v1.0/aws/index.json"

_PREAMBLE = 5
"""Lines before the names of the columns: version of the format, disclaimer, day, version, service."""

Lines = Callable[[str], AbstractContextManager[Iterable[str]]]
"""Opens a URL as lines of text."""


class PriceListError(UserError):
    """The price list cannot be used: the text is one sentence with the fix."""


def prices_in(region: str, lines: Lines) -> dict[str, Price]:
    """Return what a region's price lists have of the meters, by key; `WORLDWIDE` stands for services without a region.

    Raises PriceListError when a file is not what AWS documents, or has two prices where there should be one.
    """
    index = _json(INDEX, lines)
    found: dict[str, Price] = {}
    meters = sorted(
        (meter for meter in METERS.values() if meter.worldwide == (region == WORLDWIDE)), key=lambda meter: meter.offer
    )
    for offer, wanted in itertools.groupby(meters, key=lambda meter: meter.offer):
        url = _file_of(mapping(mapping(index.get("offers")).get(offer)), offer, region, lines)
        with lines(url) as text:
            found |= read_offer(text, url, region, list(wanted))
    return found


def read_offer(text: Iterable[str], url: str, region: str, meters: Iterable[Meter]) -> dict[str, Price]:
    """Return the prices of some meters in one file of the price list."""
    rows = csv.reader(text)
    preamble = dict(row[:2] for row in itertools.islice(rows, _PREAMBLE) if len(row) >= 2)
    names = next(rows, list[str]())
    if "Publication Date" not in preamble or not {"usageType", "PricePerUnit", "TermType"} <= set(names):
        raise PriceListError(f"{url} is no price list in the format v1.0: see what AWS writes there now.")
    day = datetime.date.fromisoformat(preamble["Publication Date"][:10])
    matchers = [(meter, _usage(meter, region)) for meter in meters]
    # Key to where its first tier begins and what it costs there.
    first: dict[str, tuple[Decimal, Price]] = {}
    for values in rows:
        row = dict(zip(names, values, strict=False))
        for meter, usage in matchers:
            if not usage.fullmatch(row.get("usageType", "")) or not _counts(row, meter, region):
                continue
            key = f"{meter.key}/{row[meter.by]}" if meter.by else meter.key
            begins, usd = _number(row.get("StartingRange") or "0", url), _number(row["PricePerUnit"], url)
            # A first tier that is free is for all that an account has, of which this is a part.
            if not usd or (key in first and first[key][0] < begins):
                continue
            price = Price(service=meter.offer, unit=meter.unit, usd=usd.normalize(), source=url, date=day)
            if key in first and first[key][0] == begins and first[key][1] != price:
                raise PriceListError(
                    f"{url} has two prices of {key}, {first[key][1].usd} and {price.usd}: "
                    "say in tools/gostack/prices/meters.py by which column they differ."
                )
            first[key] = (begins, price)
    return {key: price for key, (_, price) in first.items()}


def _counts(row: Mapping[str, str], meter: Meter, region: str) -> bool:
    """Whether a row is what somebody pays who has committed to nothing."""
    return (
        row.get("TermType") == "OnDemand"
        and row.get("Currency") == "USD"
        and (meter.worldwide or row.get("Region Code", region) == region)
        and all(row.get(name) == value for name, value in meter.columns.items())
        and (not meter.by or bool(row.get(meter.by)))
    )


def _usage(meter: Meter, region: str) -> re.Pattern[str]:
    # Most begin with letters for the region, "EUC1-"; keys with its name; those of us-east-1 often with nothing.
    end = ".*" if meter.by else ""
    return re.compile(rf"(?:[A-Z0-9]+-|{re.escape(region)}-)?{re.escape(meter.usage)}{end}")


def _file_of(offer: Mapping[str, object], code: str, region: str, lines: Lines) -> str:
    if region == WORLDWIDE:
        path = offer.get("currentVersionUrl")
    else:
        index = _json(f"{ADDRESS}{offer.get('currentRegionIndexUrl')}", lines) if offer else None
        path = mapping(mapping(mapping(index).get("regions")).get(region)).get("currentVersionUrl")
    if not isinstance(path, str) or not path.endswith(".json"):
        raise PriceListError(f"AWS's price list has no {code} in {region}: is the region's name right?")
    return f"{ADDRESS}{path.removesuffix('.json')}.csv"


def _json(url: str, lines: Lines) -> Mapping[str, object]:
    with lines(url) as text:
        try:
            return mapping(json.loads("".join(text)))
        except ValueError:
            raise PriceListError(f"{url} is no JSON: see what AWS writes there now.") from None


def _number(text: str, url: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise PriceListError(f'{url} has the price "{text}": see what AWS writes there now.') from None
