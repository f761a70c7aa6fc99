import re

import pytest

from labsight.errors import GatewayUnavailable
from labsight.gateway.password import set_password
from tests.labsight.gateway.fakes import FakeGateway, FakeVault


def test_an_empty_secret_gets_a_long_password_that_needs_no_quoting() -> None:
    vault, gateway = FakeVault(), FakeGateway()
    assert set_password(vault, gateway) is True
    assert vault.in_use is not None
    assert re.fullmatch("[A-Za-z0-9]{32}", vault.in_use)
    assert gateway.passwords == [vault.in_use]


def test_setting_it_again_gives_the_gateway_the_same_password() -> None:
    vault, gateway = FakeVault(), FakeGateway()
    set_password(vault, gateway)
    assert set_password(vault, gateway) is False
    assert set_password(vault, FakeGateway()) is False  # an appliance that replaced the first
    assert len(set(gateway.passwords)) == 1


def test_rotating_gives_both_a_new_one_each_time() -> None:
    vault, gateway = FakeVault(), FakeGateway()
    for _ in range(3):
        assert set_password(vault, gateway, rotate=True) is True
        assert vault.in_use == gateway.passwords[-1]
    assert len(set(gateway.passwords)) == 3


def test_a_gateway_that_is_stopped_keeps_the_password_that_people_know() -> None:
    vault = FakeVault(in_use="old")
    with pytest.raises(GatewayUnavailable):
        set_password(vault, FakeGateway(away=1), rotate=True)
    assert vault.in_use == "old"


@pytest.mark.parametrize("rotate", [True, False])
def test_a_rotation_that_broke_off_is_finished_by_the_next_run(rotate: bool) -> None:
    class Killed(FakeVault):
        def accept(self, value: str) -> None:
            raise KeyboardInterrupt(value)

    gateway = FakeGateway()
    killed = Killed(in_use="old")
    with pytest.raises(KeyboardInterrupt):
        set_password(killed, gateway, rotate=True)
    vault = FakeVault(in_use=killed.in_use, proposed=killed.proposed)
    assert set_password(vault, gateway, rotate=rotate) is True
    assert vault.in_use == gateway.passwords[0] == gateway.passwords[1] != "old"
