"""Times and sizes as people write them: ``90s``, ``24h``, ``96 MiB``."""

import re

from labsight.errors import InvalidInput

_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400}
_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12} | {
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
}
_BY_LETTERS = {name.lower(): count for name, count in _BYTES.items()}
_AMOUNT = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([A-Za-z]*)\s*")
LONGEST_S = 3650.0 * 86_400
SIZE = "a size such as 512 KiB, 96 MiB or 1.5 GB"


def time_from(least: float) -> str:
    """Say which times are accepted where ``least`` seconds are the shortest."""
    return f"a time such as 90s, 10m, 24h or 30d, from {written_seconds(least)} to ten years"


def seconds(text: str, least: float = 0.0) -> float:
    """Return seconds, to the millisecond; a number alone is meant so.

    Raise InvalidInput for what is no time, shorter than ``least`` or longer than ten years.
    """
    found = round(_amount(text, _SECONDS | {"": 1}, time_from(least)), 3)
    if not least <= found <= LONGEST_S:
        raise InvalidInput(f"{text!r} is not {time_from(least)}")
    return found


def count_bytes(text: str) -> int:
    """Return a size in bytes: MB are 1,000,000 of them, MiB 1,048,576. Raise InvalidInput."""
    return round(_amount(text, _BY_LETTERS | {"": 1}, SIZE))


def written_seconds(value: float) -> str:
    """Write a time in the largest unit that it is a whole number of."""
    units = (("d", 86_400), ("h", 3600), ("m", 60))
    return next(
        (f"{value / length:.0f}{unit}" for unit, length in units if value and value % length == 0),
        f"{value:.3f}".rstrip("0").rstrip(".") + "s",
    )


def written_bytes(value: int) -> str:
    """Write a size in the largest unit that it is a whole number of."""
    largest_first = sorted(_BYTES.items(), key=lambda unit: -unit[1])
    return next(
        f"{value // count} {unit}"
        for unit, count in largest_first
        if count == 1 or (value and value % count == 0)
    )


def _amount(text: str, units: dict[str, int], accepted: str) -> float:
    found = _AMOUNT.fullmatch(text)
    factor = units.get(found[2].lower()) if found else None
    if found is None or factor is None:
        raise InvalidInput(f"{text!r} is not {accepted}")
    return float(found[1]) * factor
