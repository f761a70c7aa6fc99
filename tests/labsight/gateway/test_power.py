from datetime import UTC, datetime, timedelta

import pytest

from labsight.errors import GatewayUnavailable
from labsight.gateway.parts import State
from labsight.gateway.power import LONGEST, SETTLE, Power, wake
from tests.labsight.gateway.fakes import FakeGateway, FakeInstance, FakeTime

ASKED = datetime(2026, 11, 1, 18, tzinfo=UTC)
SETTLED = ASKED + SETTLE


def power(desktop: State, appliance: State, unsaved: float | None = 0.0) -> Power:
    return Power(
        desktop=FakeInstance(desktop), appliance=FakeInstance(appliance), unsaved=lambda: unsaved
    )


def calls(subject: Power) -> list[str]:
    assert isinstance(subject.appliance, FakeInstance)
    return subject.appliance.calls


@pytest.mark.parametrize("desktop", ["pending", "running"])
def test_the_appliance_starts_with_the_desktop_and_once(desktop: State) -> None:
    subject = power(desktop, "stopped")
    assert subject.follow(ASKED, ASKED) == "started"
    assert subject.follow(ASKED, ASKED) == "as it should be"
    assert calls(subject) == ["start"]


@pytest.mark.parametrize("desktop", ["stopping", "stopped"])
def test_the_appliance_stops_some_minutes_after_the_desktop_and_once(desktop: State) -> None:
    subject = power(desktop, "running")
    with pytest.raises(GatewayUnavailable, match="a moment ago"):
        subject.follow(ASKED, ASKED + timedelta(minutes=6))
    assert subject.follow(ASKED, SETTLED) == "stopped"
    assert subject.follow(ASKED, SETTLED) == "as it should be"
    assert calls(subject) == ["stop"]


@pytest.mark.parametrize(("unsaved", "said"), [(3.5, "3.5 %"), (None, "an unknown part")])
def test_results_are_stored_before_the_appliance_stops(unsaved: float | None, said: str) -> None:
    subject = power("stopped", "running", unsaved)
    with pytest.raises(GatewayUnavailable, match=f"{said} of the cache is not in the archive yet"):
        subject.follow(ASKED, SETTLED)
    assert calls(subject) == []


def test_what_cannot_be_stored_keeps_the_appliance_running_no_longer_than_that() -> None:
    subject = power("stopped", "running", 3.5)
    assert subject.follow(ASKED, ASKED + LONGEST) == "stopped"


def test_a_late_notice_of_a_stop_does_not_stop_a_desktop_that_runs_again() -> None:
    subject = power("running", "running")
    assert subject.follow(ASKED, SETTLED) == "as it should be"
    assert calls(subject) == []


@pytest.mark.parametrize("desktop", ["shutting-down", "terminated", "missing"])
@pytest.mark.parametrize("appliance", ["running", "stopped"])
def test_a_desktop_that_is_taken_away_decides_nothing(desktop: State, appliance: State) -> None:
    subject = power(desktop, appliance)
    assert subject.follow(ASKED, SETTLED) == "left alone"
    assert calls(subject) == []


@pytest.mark.parametrize("desktop", ["running", "stopped"])
def test_an_appliance_that_is_gone_is_left_alone(desktop: State) -> None:
    assert power(desktop, "terminated").follow(ASKED, SETTLED) == "left alone"


@pytest.mark.parametrize(
    ("desktop", "appliance"), [("running", "stopping"), ("stopped", "pending")]
)
def test_an_appliance_between_two_states_is_looked_at_again(
    desktop: State, appliance: State
) -> None:
    with pytest.raises(GatewayUnavailable, match="the appliance is still"):
        power(desktop, appliance).follow(ASKED, SETTLED)


def waking(appliance: FakeInstance, gateway: FakeGateway) -> tuple[str, float]:
    time = FakeTime()
    found = wake(appliance, gateway, seconds=840, clock=time.clock, sleep=time.sleep)
    return found, time.now


def test_waking_waits_until_the_gateway_answers() -> None:
    gateway = FakeGateway(away=2)
    later: list[State] = ["stopped", "pending", "running", "running", "running"]
    appliance = FakeInstance("stopping", later=later)
    assert waking(appliance, gateway) == ("connected", 75)
    assert appliance.calls == ["start"]


def test_waking_a_gateway_that_runs_changes_nothing() -> None:
    appliance = FakeInstance("running")
    assert waking(appliance, FakeGateway()) == ("connected", 0)
    assert appliance.calls == []


def test_waking_gives_up_in_time_and_says_so() -> None:
    found, seconds = waking(FakeInstance("running"), FakeGateway(away=10_000))
    assert found == "not connected"
    assert 800 < seconds <= 840


@pytest.mark.parametrize("state", ["shutting-down", "terminated", "missing"])
def test_waking_does_not_wait_for_an_appliance_that_is_gone(state: State) -> None:
    assert waking(FakeInstance(state), FakeGateway()) == ("gone", 0)
