from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.cidr import (
    LETTERS,
    PREFIXES,
    PRIVATE,
    TAKEN,
    refuse_overlap,
    vpc_block,
    zone_blocks,
    zone_letter,
)

LOAD_BALANCER_PREFIX = 27
RESERVED = 5  # addresses that AWS takes in each subnet


@st.composite
def vpc_blocks(draw: st.DrawFn) -> IPv4Network:
    """Any block that a VPC may have here."""
    prefix = draw(st.sampled_from(list(PREFIXES)))
    within = draw(st.sampled_from(PRIVATE))
    addresses = 2 ** (32 - prefix)
    start = draw(st.integers(0, within.num_addresses // addresses - 1)) * addresses
    block = IPv4Network((int(within.network_address) + start, prefix))
    return block if not block.overlaps(TAKEN) else IPv4Network("10.20.0.0/16")


@given(vpc_blocks())
def test_every_private_block_of_an_allowed_size_is_taken_as_it_is(block: IPv4Network) -> None:
    assert vpc_block(str(block)) == block


@given(vpc_blocks())
def test_blocks_lie_within_the_vpc_and_share_no_address(vpc: IPv4Network) -> None:
    blocks = [
        block
        for letter in LETTERS
        for zone in [zone_blocks(vpc, letter)]
        for block in (zone.private, zone.public)
    ]
    assert all(block.subnet_of(vpc) for block in blocks)
    assert not any(one.overlaps(other) for one, other in combinations(blocks, 2))


@given(vpc_blocks(), st.sampled_from(LETTERS))
def test_private_subnets_are_large_and_public_ones_hold_a_load_balancer(
    vpc: IPv4Network, letter: str
) -> None:
    zone = zone_blocks(vpc, letter)
    assert zone.private.num_addresses == vpc.num_addresses // 8
    assert zone.private.num_addresses - RESERVED > 250
    assert zone.private.num_addresses == 8 * zone.public.num_addresses
    assert zone.public.prefixlen <= LOAD_BALANCER_PREFIX


@given(vpc_blocks(), st.permutations(LETTERS), st.integers(2, 6), st.integers(2, 6))
def test_another_choice_of_zones_moves_no_block(
    vpc: IPv4Network, order: list[str], few: int, many: int
) -> None:
    before = {letter: zone_blocks(vpc, letter) for letter in order[:few]}
    after = {letter: zone_blocks(vpc, letter) for letter in sorted(order[:many])}
    assert all(after[letter] == zone for letter, zone in before.items() if letter in after)


def test_the_default_block_is_divided_as_written_down() -> None:
    vpc = vpc_block("10.20.0.0/16")
    assert [(str(z.private), str(z.public)) for z in (zone_blocks(vpc, x) for x in "abc")] == [
        ("10.20.0.0/19", "10.20.224.0/22"),
        ("10.20.32.0/19", "10.20.228.0/22"),
        ("10.20.64.0/19", "10.20.232.0/22"),
    ]


@given(st.text(max_size=30))
def test_any_text_is_a_block_or_refused_with_the_setting_and_the_value(text: str) -> None:
    try:
        block = vpc_block(text)
    except ValueError as error:
        assert str(error).startswith("network.cidr: ")  # noqa: PT017
        assert text in str(error) or repr(text) in str(error)  # noqa: PT017
    else:
        assert str(block) == text


@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        ("10.20.0.0/22", r"10\.20\.0\.0/22 has 1024 addresses; take a block from /16 .* to /21"),
        ("10.0.0.0/8", r"10\.0\.0\.0/8 has 16777216 addresses; take a block from /16"),
        ("8.8.0.0/16", r"8\.8\.0\.0/16 is not private; take a block within 10\.0\.0\.0/8"),
        ("100.64.0.0/16", r"100\.64\.0\.0/16 is not private"),
        ("172.17.0.0/18", r"172\.17\.0\.0/18 overlaps 172\.17\.0\.0/16, which Docker"),
        ("10.20.1.0/16", r"10\.20\.1\.0/16 points into a block; its start is 10\.20\.0\.0/16"),
        ("10.20.0.0", r"'10\.20\.0\.0' is no IPv4 block; write it as 10\.20\.0\.0/16"),
        ("10.20.0.0/255.255.0.0", "'10.20.0.0/255.255.0.0' is no IPv4 block"),
        ("fd00::/16", "'fd00::/16' is no IPv4 block"),
        ("10.20.0/16", "'10.20.0/16' is no IPv4 block"),
        ("", "'' is no IPv4 block"),
    ],
)
def test_other_blocks_are_refused_and_the_allowed_ones_named(cidr: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"network.cidr: {message}"):
        vpc_block(cidr)


def test_overlapping_blocks_are_refused_with_both_settings() -> None:
    with pytest.raises(
        ValueError,
        match=r"network\.cidr: 10\.20\.0\.0/16 overlaps 10\.20\.128\.0/20 \(lab\.cidr\); take",
    ):
        refuse_overlap(
            {
                "network.cidr": "10.20.0.0/16",
                "office.cidr": "10.30.0.0/16",
                "lab.cidr": "10.20.128.0/20",
            }
        )


def test_neighbouring_blocks_do_not_overlap() -> None:
    refuse_overlap({"network.cidr": "10.20.0.0/16", "lab.cidr": "10.21.0.0/16"})


def test_a_zone_is_known_by_its_letter() -> None:
    assert zone_letter("us-gov-west-1b", "us-gov-west-1") == "b"


@pytest.mark.parametrize(
    "zone", ["eu-west-1a", "eu-central-1", "eu-central-1g", "euc1-az1", "us-west-2-lax-1a", ""]
)
def test_what_is_no_zone_of_the_region_is_refused(zone: str) -> None:
    with pytest.raises(
        ValueError,
        match=rf"network\.zones: '{zone}' is no availability zone of eu-central-1; take zones from "
        "eu-central-1a to eu-central-1f",
    ):
        zone_letter(zone, "eu-central-1")
