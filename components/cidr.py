"""How a VPC's addresses are divided: a zone's blocks follow from the VPC's block and its letter.

Nothing else goes into them, so that a zone that comes or goes, another order of zones, or public
subnets that are switched on later leave every other block where it is: a subnet whose block moves
is replaced, and with it all that stands in it.

An eighth of the VPC is private for each of six zones; the last eighth is cut into eight again for
the public subnets. The seventh eighth stays free.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import combinations

LETTERS = "abcdef"  # no region has more zones; some skip letters
SLOT_BITS = 3
PUBLIC_SLOT = 7

# /16 is the largest VPC. From /22 on a public subnet would be smaller than the /27 that a load
# balancer demands. https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
PREFIXES = range(16, 22)

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
# Docker's own network on each machine, and that of some AWS services.
TAKEN = IPv4Network("172.17.0.0/16")

_ZONE = re.compile(r"(?P<region>[a-z]{2}(-[a-z]+)+-\d)(?P<letter>[a-z])")


@dataclass(frozen=True)
class ZoneBlocks:
    """The two blocks of one zone."""

    private: IPv4Network
    public: IPv4Network


def vpc_block(cidr: str, setting: str = "network.cidr") -> IPv4Network:
    """Read a VPC's block, or raise ValueError that says which ones are allowed."""
    block = _block(cidr, setting)
    if block.prefixlen not in PREFIXES:
        raise ValueError(
            f"{setting}: {cidr} has {block.num_addresses} addresses; take a block from "
            f"/{PREFIXES.start} (65536 addresses) to /{PREFIXES.stop - 1} (2048)"
        )
    if not any(block.subnet_of(range_) for range_ in PRIVATE):
        raise ValueError(
            f"{setting}: {cidr} is not private; take a block within {', '.join(map(str, PRIVATE))}"
        )
    if block.overlaps(TAKEN):
        raise ValueError(
            f"{setting}: {cidr} overlaps {TAKEN}, which Docker and some AWS services use on the "
            "machines themselves; take another block, such as 10.20.0.0/16"
        )
    return block


def zone_letter(zone: str, region: str, setting: str = "network.zones") -> str:
    """Return the letter of a zone of ``region``, or raise ValueError that says how they look."""
    match = _ZONE.fullmatch(zone)
    if not match or match["region"] != region or match["letter"] not in LETTERS:
        raise ValueError(
            f"{setting}: {zone!r} is no availability zone of {region}; take zones from "
            f"{region}{LETTERS[0]} to {region}{LETTERS[-1]} that your account has"
        )
    return match["letter"]


def zone_blocks(vpc: IPv4Network, letter: str) -> ZoneBlocks:
    """Return the blocks of the zone with this letter."""
    slots = list(vpc.subnets(prefixlen_diff=SLOT_BITS))
    public = list(slots[PUBLIC_SLOT].subnets(prefixlen_diff=SLOT_BITS))
    slot = LETTERS.index(letter)
    return ZoneBlocks(private=slots[slot], public=public[slot])


def refuse_overlap(blocks: Mapping[str, str]) -> None:
    """Raise ValueError if two blocks, by the settings they come from, share addresses.

    What overlaps can never be connected, be it by VPN or by peering.
    """
    read = {setting: _block(cidr, setting) for setting, cidr in blocks.items()}
    for (one, a), (other, b) in combinations(read.items(), 2):
        if a.overlaps(b):
            raise ValueError(
                f"{one}: {a} overlaps {b} ({other}); take a block that shares no address with it"
            )


def _block(cidr: str, setting: str) -> IPv4Network:
    try:
        network, _, length = cidr.partition("/")
        if not re.fullmatch(r"\d{1,2}", length, re.ASCII):
            raise ValueError("no length")  # noqa: TRY301 - one message for all that is ill-formed
        loose = IPv4Network(f"{network}/{length}", strict=False)
    except ValueError as error:
        raise ValueError(
            f"{setting}: {cidr!r} is no IPv4 block; write it as 10.20.0.0/16"
        ) from error
    if str(loose.network_address) != network:
        raise ValueError(f"{setting}: {cidr} points into a block; its start is {loose}")
    return loose
