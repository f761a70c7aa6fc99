"""What a running desktop costs an hour, to remind people of it; `make cost` does the sums."""

from labsight_lab.desktop.machine import Machine

# On-demand list prices of us-east-1 in USD, Linux and Windows, those of the newest table in
# stacks/prices, which the wheel does not carry; Europe is 10 to 20 % above.
AS_OF = "us-east-1 list price"
USD_PER_HOUR = {
    "t3.large": (0.0832, 0.1108),
    "t3.xlarge": (0.1664, 0.24),
    "t3.2xlarge": (0.3328, 0.48),
    "m5.xlarge": (0.192, 0.376),
    "m7i.xlarge": (0.2016, 0.3856),
    "m7i.2xlarge": (0.4032, 0.7712),
    "g4dn.xlarge": (0.526, 0.71),
}


def usd_per_hour(machine: Machine) -> float | None:
    """Return the price of a known type, without its disk."""
    known = USD_PER_HOUR.get(machine.type)
    return known[0 if machine.linux else 1] if known else None
