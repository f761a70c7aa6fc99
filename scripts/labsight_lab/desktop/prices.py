"""What a running desktop costs an hour, to remind people of it; `make cost` does the sums."""

from labsight_lab.desktop.machine import Machine

# On-demand list prices of us-east-1 in USD, as known in November 2026; Europe is 10 to 20 % above.
# https://aws.amazon.com/ec2/pricing/on-demand/
AS_OF = "us-east-1 list price"
_LINUX_WINDOWS = {
    "t3.large": (0.0832, 0.1108),
    "t3.xlarge": (0.1664, 0.24),
    "t3.2xlarge": (0.3328, 0.48),
    "m5.xlarge": (0.192, 0.376),
    "m7i.xlarge": (0.2016, 0.3856),
    "m7i.2xlarge": (0.4032, 0.7712),
    "g4dn.xlarge": (0.526, 0.71),
    "g4dn.2xlarge": (0.752, 1.12),
}


def usd_per_hour(machine: Machine) -> float | None:
    """Return the price of a known type, without its disk."""
    known = _LINUX_WINDOWS.get(machine.type)
    return known[0 if machine.linux else 1] if known else None
