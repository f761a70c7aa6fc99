import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight_lab.desktop.prices import USD_PER_HOUR
from stacks.cost.__main__ import main
from stacks.cost.ageing import at_month, days_in_tiers
from stacks.cost.estimate import MONTHS, compare, estimate, keeping_a_slide
from stacks.cost.lines import ALARMS, ALARMS_ALWAYS
from stacks.cost.prices import PriceMissing, load, newest, regions
from stacks.cost.workload import Workload
from stacks.settings import (
    ArchiveSettings,
    DatabaseSettings,
    DesktopSettings,
    DirectorySettings,
    EdgeSettings,
    Feature,
    GatewaySettings,
    NetworkSettings,
    OperationsSettings,
    Profile,
    Secret,
    Settings,
    SlideSettings,
    TaskSettings,
)
from tests.support.repository import ROOT

WORK = Workload()
HERE = load("us-east-1")
CORE = Settings()
ALL = Settings(features=frozenset({"slides", "desktop", "gateway"}))

PROFILES: Sequence[Profile] = ("demo", "lab", "regulated")
loads = st.builds(
    Workload,
    slides_per_day=st.floats(0, 500),
    days=st.integers(0, 31),
    gb=st.floats(0, 10),
    openings=st.floats(0, 50),
    tiles=st.integers(0, 5000),
    desktop_hours=st.floats(0, 730),
)
settings = st.builds(
    Settings,
    profile=st.sampled_from(PROFILES),
    features=st.frozensets(st.sampled_from(["slides", "desktop", "gateway"])),
    archive=st.sampled_from(
        [
            ArchiveSettings(),
            ArchiveSettings(archive_after_days=90),
            ArchiveSettings(archive_after_days=125, deep_archive_after_days=180),
        ]
    ),
    network=st.builds(
        NetworkSettings,
        egress=st.sampled_from(["none", "nat-instance", "nat-gateway", "endpoints"]),
    ),
    database=st.builds(DatabaseSettings, engine=st.sampled_from(["postgres", "aurora"])),
)
months = st.integers(1, 60)


def bill(chosen: Settings, work: Workload = WORK, month: int = 12) -> dict[str, float]:
    found = estimate(chosen, work, HERE, months=[month])
    return {line.name: round(line.usd, 2) for line in found.bills[month]}


def total(chosen: Settings, work: Workload = WORK, month: int = 12) -> float:
    return estimate(chosen, work, HERE, months=[month]).total(month)


def idle(chosen: Settings) -> float:
    return estimate(chosen, WORK, HERE).idle_hour


# A month of the default workload is 440 slides, 660 GB, 792,000 tiles; prices of us-east-1.
@pytest.mark.parametrize(
    ("item", "usd"),
    [
        ("S3 slides, frequent tier", 16.70),  # 33 days of 22 GB: 726 GB x .023
        ("S3 slides, infrequent tier", 16.50),  # 60 days: 1,320 GB x .0125
        ("S3 slides, instant tier", 23.50),  # 360 - 93 days: 5,874 GB x .004
        ("S3 tiering, monitored objects", 0.01),  # 5,280 x .0025 / 1000
        ("S3 requests, writing", 0.22),  # 440 x (96 parts + 2 + 4) x .005 / 1000
        ("S3 requests, reading", 0.33),  # (792,000 + 44,000) x .0004 / 1000
        ("database db.t4g.micro", 11.68),  # 730 h x .016
        ("database storage", 2.30),  # 20 GB x .115
        ("functions, tiles", 1.62),  # 792,000 x .08 s x 1.7275 GB x .0000133334, and .158
        ("own keys (KMS)", 1.00),
        ("secrets of the web platform", 0.80),
        ("alarms", 1.60),  # 26, 10 of them free
    ],
)
def test_an_item_of_the_web_platform_comes_to_what_one_reckons_by_hand(
    item: str, usd: float
) -> None:
    assert bill(CORE)[item] == usd


@pytest.mark.parametrize(
    ("item", "usd"),
    [
        ("desktop t3.xlarge, windows", 14.40),  # 60 h x .24
        ("desktop disk", 8.00),  # 100 GB x .08
        ("gateway m5.xlarge", 11.52),  # 60 h x .192
        ("gateway disks", 18.40),  # (80 + 150) GB x .08
        ("endpoint storagegateway", 7.30),  # 730 h x .01
        ("endpoint secretsmanager", 7.30),
    ],
)
def test_an_item_of_desktop_and_gateway_comes_to_what_one_reckons_by_hand(
    item: str, usd: float
) -> None:
    assert bill(ALL)[item] == usd


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"])
@pytest.mark.parametrize(
    "archive",
    [ArchiveSettings(), ArchiveSettings(archive_after_days=125, deep_archive_after_days=180)],
)
def test_the_web_platform_of_a_lab_costs_less_than_90_dollars_in_month_12(
    region: str, archive: ArchiveSettings
) -> None:
    found = estimate(Settings(archive=archive), WORK, load(region))
    assert found.total(12) < 90


def test_cloudfront_is_free_up_to_a_terabyte_and_ten_million_requests() -> None:
    assert "CloudFront over its free share" not in bill(CORE)
    many = bill(CORE, replace(WORK, slides_per_day=600))  # 23.8 million tiles, 906 GB
    assert many["CloudFront over its free share"] == pytest.approx(17.02, abs=0.5)


def test_more_than_ten_thousand_users_cost_each() -> None:
    assert bill(CORE, replace(WORK, users=10_100))["users over the free 10,000 (Cognito)"] == 1.5


def test_regulated_pays_for_a_second_zone_a_firewall_a_second_key_and_the_trail() -> None:
    lab, regulated = bill(CORE), bill(replace(CORE, profile="regulated"))
    assert regulated["database db.t4g.micro in two zones"] == 2 * lab["database db.t4g.micro"]
    assert regulated["own keys (KMS)"] == 2.0
    assert regulated["firewall (WAF)"] == pytest.approx(5 + 4 + 0.805 * 0.6, abs=0.01)
    assert regulated.keys() - lab.keys() >= {"trail of each image", "firewall (WAF)"}


def test_aurora_costs_nothing_but_storage_while_nobody_works() -> None:
    aurora = replace(CORE, database=DatabaseSettings(engine="aurora"))
    assert bill(aurora)["database capacity (Aurora)"] == 10.56  # 22 x 8 h x 0.5 x .12
    still = bill(aurora, replace(WORK, slides_per_day=0))
    assert "database capacity (Aurora)" not in still
    assert still["database storage"] == 0.1


def test_a_desktop_that_never_stops_is_paid_all_month_and_so_is_its_gateway() -> None:
    always = replace(ALL, desktop=DesktopSettings(idle_minutes=0, stop_at=None))
    assert bill(always)["desktop t3.xlarge, windows"] == 175.20
    assert bill(always)["gateway m5.xlarge"] == 140.16


def test_linux_pays_no_windows_and_no_gateway() -> None:
    linux = Settings(
        features=frozenset({"slides", "desktop"}),
        desktop=DesktopSettings(kind="linux-dcv", instance_type="m7i.xlarge", key_pair="mine"),
    )
    found = bill(linux)
    assert found["desktop m7i.xlarge, linux-dcv"] == pytest.approx(12.10, abs=0.01)
    assert not [name for name in found if "gateway" in name]
    # DCV asks for a password, which the machine makes and stores.
    assert [name for name in found if "endpoint" in name] == ["endpoint secretsmanager"]


@pytest.mark.parametrize(
    ("egress", "item", "usd"),
    [
        ("nat-gateway", "NAT gateway and its address", 36.50),
        ("nat-instance", "NAT machine t4g.nano, disk, address", 7.36),
        ("endpoints", "endpoint ssm", 7.30),
    ],
)
def test_a_way_out_of_the_network_is_paid_by_the_hour(egress: Any, item: str, usd: float) -> None:
    assert bill(replace(ALL, network=NetworkSettings(egress=egress)))[item] == usd
    assert item not in bill(CORE)


def test_two_features_that_need_the_same_endpoint_pay_it_once() -> None:
    both = replace(
        ALL,
        network=NetworkSettings(egress="endpoints"),
        desktop=DesktopSettings(access="session-manager"),
    )
    names = [
        line.name
        for line in estimate(both, WORK, HERE).bills[12]
        if line.name.startswith("endpoint")
    ]
    assert names == [f"endpoint {one}" for one in ("secretsmanager", "ssm", "ssmmessages")] + [
        "endpoint storagegateway"
    ]


def test_a_domain_brings_its_zone() -> None:
    domain = EdgeSettings(domain="slides.example.org", hosted_zone="Z1")
    assert bill(replace(CORE, edge=domain))["DNS zone"] == 0.5


@pytest.mark.parametrize(
    ("age", "archive", "deep", "days"),
    [
        (20, None, None, {"frequent": 20, "infrequent": 0, "instant": 0}),
        (60, None, None, {"frequent": 33, "infrequent": 27, "instant": 0}),
        (360, None, None, {"frequent": 33, "infrequent": 60, "instant": 267}),
        (
            360,
            125,
            180,
            {"frequent": 33, "infrequent": 60, "instant": 35, "archive": 55, "deep": 177},
        ),
        (360, 90, None, {"frequent": 33, "infrequent": 60, "instant": 0, "archive": 267}),
    ],
)
def test_slides_pass_through_the_tiers_by_age(
    age: int, archive: int | None, deep: int | None, days: dict[str, float]
) -> None:
    assert days_in_tiers(age, archive_after=archive, deep_after=deep) == days


@given(months)
def test_no_slide_is_lost_between_tiers(month: int) -> None:
    found = at_month(month, archive_after=125, deep_after=180)
    assert sum(found.values()) == pytest.approx(month)


def test_keeping_a_slide_for_a_year_costs_cents() -> None:
    # 1.5 GB x (1.1 x .023 + 2 x .0125 + 8.9 x .004), and a tenth of a cent for the rest
    assert keeping_a_slide(CORE, WORK, HERE, 12) == pytest.approx(0.1289, abs=0.002)


@given(settings, loads, st.floats(0, 100), months)
def test_more_slides_never_cost_less(
    chosen: Settings, work: Workload, more: float, month: int
) -> None:
    most = replace(work, slides_per_day=work.slides_per_day + more)
    assert total(chosen, most, month) >= total(chosen, work, month) - 1e-9


@given(settings, loads, st.sampled_from(["slides", "desktop", "gateway"]), months)
def test_switching_a_feature_on_never_costs_less(
    chosen: Settings, work: Workload, feature: Feature, month: int
) -> None:
    with_it = replace(chosen, features=chosen.features | {feature})
    assert total(with_it, work, month) >= total(chosen, work, month) - 1e-9
    assert idle(with_it) >= idle(chosen)


@given(settings, loads, months)
def test_a_later_month_never_costs_less_and_nothing_is_paid_back(
    chosen: Settings, work: Workload, month: int
) -> None:
    found = estimate(chosen, work, HERE, months=[month, month + 1])
    assert found.total(month + 1) >= found.total(month) - 1e-9
    for line in found.bills[month]:
        assert line.usd >= line.idle >= 0


@given(settings)
def test_idling_costs_more_from_profile_to_profile(chosen: Settings) -> None:
    some = replace(chosen, features=chosen.features | {"slides"})
    demo, lab, regulated = (idle(replace(some, profile=one)) for one in PROFILES)
    assert demo < lab < regulated


@given(settings, settings)
def test_the_difference_between_two_stacks_is_the_same_seen_from_either(
    one: Settings, other: Settings
) -> None:
    here, there = (estimate(each, WORK, HERE) for each in (one, other))
    forth = {each.name: each.usd for each in compare(here, there)}
    back = {each.name: {m: -usd for m, usd in each.usd.items()} for each in compare(there, here)}
    assert forth == back
    for month in MONTHS:
        change = there.total(month) - here.total(month)
        assert sum(usd[month] for usd in forth.values()) == pytest.approx(change, abs=1e-6)


@given(settings)
def test_a_stack_does_not_differ_from_itself(chosen: Settings) -> None:
    found = estimate(chosen, WORK, HERE)
    assert compare(found, found) == []


def test_an_item_has_one_name_and_says_what_causes_it() -> None:
    for chosen in (CORE, ALL, replace(ALL, profile="regulated")):
        found = estimate(chosen, WORK, HERE).bills[12]
        assert len({line.name for line in found}) == len(found)
        assert all(line.cause for line in found)


@pytest.mark.parametrize(
    ("listed", "features"),
    [("nothing", set()), ("slides", {"slides"}), ("everything", set(ALARMS))],
)
def test_as_many_alarms_are_counted_as_are_declared(listed: str, features: set[str]) -> None:
    golden = ROOT / "tests" / "stacks" / "golden" / f"lab-{listed}.txt"
    declared = golden.read_text(encoding="utf-8").count("(aws:cloudwatch/metricAlarm:MetricAlarm)")
    assert ALARMS_ALWAYS + sum(ALARMS[feature] for feature in features) == declared


def test_an_alarm_of_silence_is_counted() -> None:
    hearing = replace(CORE, operations=OperationsSettings(silent_hours=72))
    assert bill(hearing)["alarms"] == pytest.approx(bill(CORE)["alarms"] + 0.10)


def test_the_desktop_commands_remind_of_the_same_prices() -> None:
    for kind, (linux, windows) in USD_PER_HOUR.items():
        assert HERE[f"ec2.{kind}"] == linux
        assert HERE[f"ec2.{kind}"] + HERE[f"windows.{kind}"] == pytest.approx(windows)


def test_every_price_is_dated_and_has_a_unit_and_a_source() -> None:
    document = json.loads(newest().read_text(encoding="utf-8"))
    assert newest().stem == document["date"][:7]
    assert len(regions(document)) == 4
    for name, one in document["prices"].items():
        assert one["unit"], name
        assert one["source"].endswith(("pricing",)) or "pricing," in one["source"], name
        assert all(usd > 0 for usd in one["usd"].values()), name


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (replace(CORE, database=DatabaseSettings(instance_class="db.x9.huge")), "database.instan"),
        (replace(ALL, desktop=DesktopSettings(instance_type="x9.huge")), "desktop.instanceType"),
        (replace(ALL, gateway=GatewaySettings(instance_type="x9.huge")), "gateway.instanceType"),
    ],
)
def test_a_type_without_a_price_is_named_with_those_that_have_one(
    chosen: Settings, message: str
) -> None:
    with pytest.raises(PriceMissing, match=f"{message}.*known: "):
        estimate(chosen, WORK, HERE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"slides_per_day": -1}, "--slides-per-day: a number from 0 on"),
        ({"gb": float("nan")}, "gb: a number from 0 on"),
        ({"desktop_hours": 731}, "--desktop-hours: a month has 730"),
        ({"days": 32}, "days: of work in a month, 31 at most"),
    ],
)
def test_a_workload_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Workload(**changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for stack, region, profile in (("one", "eu-central-1", "demo"), ("two", "us-east-1", "lab")):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(
            f"config:\n  aws:region: {region}\n  labsight:profile: {profile}\n", encoding="utf-8"
        )
    return tmp_path


def test_the_command_prints_items_idle_hour_and_what_is_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--stack", "two", "--folder", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "stack two in us-east-1" in said
    assert "20 slides a day of 1.5 GB, 22 days a month, 3 openings of 600 tiles" in said
    for words in ("month 1 ", "month 12", "month 36", "idle: 0.0", "one slide", "left out:"):
        assert words in said


def test_the_command_compares_two_stacks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "one", "--compare", "two", "--folder", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "from one (eu-central-1) to two (us-east-1)" in said
    assert "own keys (KMS)" in said
    assert "+1.00" in said


def test_the_command_answers_machines_in_one_document(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--json", "--months", "2,24", "--slides-per-day", "10", "--folder", str(folder)]
    assert main(["--stack", "one", "--compare", "two", *flags]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["months"].keys() == {"2", "24"}
    assert answer["workload"]["slides_per_day"] == 10
    assert answer["compared_with"]["stack"] == "two"
    assert answer["differences"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--stack", "three"], "Pulumi.three.yaml"),
        (["--stack", "one", "--region", "mars-1"], "no prices of 'mars-1'; known: eu-central-1"),
        (["--stack", "one", "--days", "40"], "days: of work in a month"),
        (["--stack", "one", "--months", "0"], "months: one or more, from 1 on"),
    ],
)
def test_the_command_says_what_is_wrong_and_ends_with_2(
    folder: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    assert main([*flags, "--folder", str(folder)]) == 2
    assert message in capsys.readouterr().err


def test_the_dev_stack_of_the_repository_has_a_price(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "dev"]) == 0
    assert "stack dev in eu-central-1" in capsys.readouterr().out


def endpoint_items(**changes: Any) -> set[str]:
    features = frozenset({"slides", "desktop", *changes.pop("features", ())})
    settings = Settings(features=features, **changes)
    lines = estimate(settings, WORK, HERE).bills[1]
    return {line.name for line in lines if "secretsmanager" in line.name}


def test_the_endpoint_of_secrets_is_billed_where_the_workstation_reads_one() -> None:
    linux = DesktopSettings(kind="linux-dcv", key_pair="ops")
    windows = DesktopSettings(key_pair="ops")
    directory = DirectorySettings(domain="ad.example.org", user="joiner", password=Secret("x"))
    joined = GatewaySettings(directory=directory)
    assert endpoint_items(desktop=linux)
    assert endpoint_items(desktop=windows, features={"gateway"})
    assert not endpoint_items(desktop=windows, gateway=joined, features={"gateway"})


CONTAINERS = replace(
    CORE,
    network=NetworkSettings(egress="endpoints"),
    slides=SlideSettings(service="container", image="1", cpu=2, tasks=TaskSettings(min=2, max=4)),
)


@pytest.mark.parametrize(
    ("item", "usd"),
    [
        # 2 x 730 h x 2 x (.03238 + 2 x .00356)
        ("containers (Fargate), 2 of 2 processors", 115.34),
        ("balancer of the containers", 16.67),  # 730 h x .0225, and 30.2 GB x .008
        ("measurements of the containers", 3.00),
        ("endpoint ecr.api", 7.30),
        ("endpoint ecr.dkr", 7.30),
        ("endpoint logs", 7.30),
        ("alarms", 1.30),  # 23, 10 of them free
    ],
)
def test_an_item_of_containers_comes_to_what_one_reckons_by_hand(item: str, usd: float) -> None:
    assert bill(CONTAINERS)[item] == usd


def test_containers_are_paid_instead_of_functions_and_while_nobody_looks() -> None:
    assert "functions, tiles" not in bill(CONTAINERS)
    assert idle(CONTAINERS) > idle(CORE) + 0.15
    crowd = Workload(openings=300)
    name = "containers (Fargate), 2 of 2 processors"
    assert bill(CONTAINERS, crowd)[name] > 1.5 * bill(CONTAINERS)[name]


def test_containers_without_an_image_cost_no_more_than_their_way_out() -> None:
    waiting = replace(CONTAINERS, slides=SlideSettings(service="container"))
    more = bill(waiting).keys() - bill(CORE).keys()
    assert more == {"endpoint ecr.api", "endpoint ecr.dkr", "endpoint logs"}
