import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.encryption import Key, KeyArgs
from components.timetable import DAYS, MachineHours, MachineHoursArgs, Timetable, week_days
from tests.support.networks import PLACE
from tests.support.pulumi_recorder import Declare, Recorded

SCHEDULE = "aws:scheduler/schedule:Schedule"
MACHINE = "i-0123456789abcdef0"
ARN = PLACE.arn("ec2", f"instance/{MACHINE}")


def hours(**changes: Any) -> MachineHours:
    table = {"start_at": "07:30", "stop_at": "20:00", "time_zone": "Europe/Berlin"} | changes
    return MachineHours(
        "hours",
        MachineHoursArgs(
            timetable=Timetable(**table), instance_id=MACHINE, instance_arn=ARN, place=PLACE
        ),
    )


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("MON-FRI", "MON,TUE,WED,THU,FRI"),
        ("mon", "MON"),
        ("SAT-MON", "MON,SAT,SUN"),
        ("WED, MON", "MON,WED"),
        ("MON-WED,TUE,SUN", "MON,TUE,WED,SUN"),
        ("MON-SUN", "MON,TUE,WED,THU,FRI,SAT,SUN"),
    ],
)
def test_days_are_read_in_any_order_and_written_in_the_weeks(text: str, days: str) -> None:
    assert ",".join(week_days(text)) == days


@given(st.sets(st.sampled_from(DAYS), min_size=1))
def test_a_list_of_days_is_read_back_as_it_is(days: set[str]) -> None:
    assert set(week_days(",".join(sorted(days)))) == days


@pytest.mark.parametrize("text", ["", "MON-", "-FRI", "MO-FR", "1-5", "MON/FRI", "*", "MON--FRI"])
def test_days_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write MON-FRI or MON,WED,FRI"):
        Timetable(days=text)


@pytest.mark.parametrize(
    "time", ["24:00", "7:30", "07:60", "0730", "07:30 ", "\u0660\u0667:\u0663\u0660", ""]
)
@pytest.mark.parametrize(("name", "key"), [("start_at", "startAt"), ("stop_at", "stopAt")])
def test_times_that_no_clock_shows_are_refused(name: str, key: str, time: str) -> None:
    times: dict[str, Any] = {name: time}
    with pytest.raises(ValueError, match=f"desktop.{key}: write a time of day as 07:30"):
        Timetable(**times)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe", "CEST-1"])
def test_a_zone_that_is_in_no_atlas_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match=r"desktop.timeZone: .* is not a name such as"):
        Timetable(time_zone=zone)


def test_a_machine_without_a_zone_database_leaves_the_zone_to_aws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("components.timetable.available_timezones", set)
    assert Timetable(time_zone="Europe/Berlin").time_zone == "Europe/Berlin"


def test_start_and_stop_at_the_same_time_are_refused() -> None:
    with pytest.raises(ValueError, match=r"startAt and desktop.stopAt are both 07:30"):
        Timetable(start_at="07:30", stop_at="07:30")


def test_a_timetable_without_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match=r"needs desktop.startAt, desktop.stopAt or both"):
        MachineHoursArgs(timetable=Timetable(), instance_id=MACHINE, instance_arn=ARN, place=PLACE)


def test_each_time_is_a_schedule_in_the_people_s_own_time(
    declare: Declare, recorded: Recorded
) -> None:
    declare(hours)
    start, stop = (one.inputs for one in recorded.of(SCHEDULE))
    assert start["scheduleExpression"] == "cron(30 7 ? * MON,TUE,WED,THU,FRI *)"
    assert stop["scheduleExpression"] == "cron(0 20 ? * MON,TUE,WED,THU,FRI *)"
    assert {start["scheduleExpressionTimezone"], stop["scheduleExpressionTimezone"]} == {
        "Europe/Berlin"
    }
    assert start["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:ec2:startInstances"
    assert json.loads(stop["target"]["input"]) == {"InstanceIds": [MACHINE]}


def test_a_machine_that_is_only_stopped_may_not_be_started(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: hours(start_at=None))
    assert [one.name for one in recorded.of(SCHEDULE)] == ["hours-stop"]
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["ec2:StopInstances"], [ARN])


def test_only_the_scheduler_of_this_account_takes_the_role(
    declare: Declare, recorded: Recorded
) -> None:
    declare(hours)
    trust = json.loads(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == PLACE.account


def test_with_a_key_the_schedules_are_encrypted_with_it(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> MachineHours:
        return MachineHours(
            "hours",
            MachineHoursArgs(
                timetable=Timetable(stop_at="20:00"),
                instance_id=MACHINE,
                instance_arn=ARN,
                place=PLACE,
                key=Key("key", KeyArgs(description="Operations", place=PLACE)),
            ),
        )

    declare(program)
    assert "key-key" in recorded.one(SCHEDULE).inputs["kmsKeyArn"]
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert any("kms:Decrypt" in one["Action"] for one in policy["Statement"])
