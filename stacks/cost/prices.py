"""The bundled price table: dated list prices, each with its source, for a few regions."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "prices"
EVERYWHERE = "*"


class PriceMissing(LookupError):
    """Something has no price in the table."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Dollars by name in one region, and the day that they are of."""

    region: str
    date: str
    note: str
    usd: dict[str, float]

    def __getitem__(self, name: str) -> float:
        if name not in self.usd:
            raise PriceMissing(f"{name}: no price in {self.region}; add it to stacks/prices")
        return self.usd[name]

    def of_type(self, prefix: str, kind: str, setting: str) -> float:
        """Return the price of a type that a setting names, such as ``ec2`` and ``t3.xlarge``."""
        if f"{prefix}.{kind}" in self.usd:
            return self.usd[f"{prefix}.{kind}"]
        start = f"{prefix}."
        known = (name.removeprefix(start) for name in self.usd if name.startswith(start))
        kinds = sorted(name for name in known if "." in name)
        raise PriceMissing(
            f"{setting}: {kind!r} has no price ({prefix}) in {self.region}; known: "
            f"{', '.join(kinds)}. Others are added in stacks/prices"
        )


def newest() -> Path:
    """Return the newest table; their names are their months."""
    return max(FOLDER.glob("*.json"))


def load(region: str, table: Path | None = None) -> Prices:
    """Read the prices of one region; raises PriceMissing for a region that is not in the table."""
    document: dict[str, Any] = json.loads((table or newest()).read_text(encoding="utf-8"))
    prices: dict[str, dict[str, Any]] = document["prices"]
    known = regions(document)
    if region not in known:
        raise PriceMissing(
            f"aws:region: no prices of {region!r}; known: {', '.join(known)}. "
            "--region prices the stack as if it were in one of them"
        )
    return Prices(
        region=region,
        date=document["date"],
        note=document["note"],
        usd={
            name: float(one["usd"].get(region, one["usd"].get(EVERYWHERE)))
            for name, one in prices.items()
        },
    )


def regions(document: dict[str, Any]) -> list[str]:
    """Return the regions for which a table has every price."""
    priced = [
        set(one["usd"]) for one in document["prices"].values() if EVERYWHERE not in one["usd"]
    ]
    return sorted(set.intersection(*priced))
