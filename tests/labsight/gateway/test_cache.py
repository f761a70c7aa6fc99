import pytest

from labsight.errors import GatewayUnavailable
from labsight.gateway.cache import ensure_cache
from labsight.gateway.parts import Disk
from tests.labsight.gateway.fakes import FakeGateway, FakeTime

DISK = Disk("/dev/nvme1n1", "AVAILABLE", 150 << 30)


def ensure(gateway: FakeGateway, time: FakeTime | None = None) -> str:
    time = time or FakeTime()
    return ensure_cache(gateway, clock=time.clock, sleep=time.sleep)


def test_the_free_disk_becomes_cache_once_though_the_service_renames_it() -> None:
    gateway = FakeGateway(found=[DISK])
    assert ensure(gateway) == DISK.id
    assert ensure(gateway) == f"uuid-of-{DISK.id}"
    assert gateway.cached == [DISK.id]


def test_a_disk_that_shows_late_is_waited_for() -> None:
    gateway, time = FakeGateway(away=3, found=[DISK]), FakeTime()
    assert ensure(gateway, time) == DISK.id
    assert time.now == 30


def test_a_run_that_broke_off_after_the_disk_was_taken_is_repeated_without_harm() -> None:
    gateway = FakeGateway(found=[Disk("uuid", "CACHE STORAGE", 1), DISK])
    assert ensure(gateway) == "uuid"
    assert gateway.cached == []


def test_no_disk_is_picked_out_of_several() -> None:
    gateway = FakeGateway(found=[DISK, Disk("/dev/nvme2n1", "AVAILABLE", 1 << 40)])
    with pytest.raises(GatewayUnavailable, match=r"several free disks .*nvme1n1, .*nvme2n1"):
        ensure(gateway)
    assert gateway.cached == []


def test_a_gateway_without_a_disk_ends_with_what_to_check() -> None:
    time = FakeTime()
    with pytest.raises(GatewayUnavailable, match=r"shows no free disk. Check that the appliance"):
        ensure(FakeGateway(), time)
    assert 0 < time.now <= 600
