"""A timetable: at which times of which days a machine starts and stops."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import scheduler

from components.encryption import Key
from components.iam import Grant, Role, RoleArgs
from components.place import Place

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
GROUP = "default"

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """Times of day such as ``07:30`` on days such as ``MON-FRI`` or ``MON,WED,SAT-SUN``.

    ``time_zone`` is a name of the IANA database; summer time is followed.
    """

    start_at: str | None = None
    stop_at: str | None = None
    days: str = "MON-FRI"
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        for name, time in (("startAt", self.start_at), ("stopAt", self.stop_at)):
            if time is not None and not _TIME.fullmatch(time):
                raise ValueError(
                    f"desktop.{name}: write a time of day as 07:30 or 20:00, got {time!r}"
                )
        if self.start_at is not None and self.start_at == self.stop_at:
            raise ValueError(
                f"desktop.startAt and desktop.stopAt are both {self.start_at}; give two times"
            )
        week_days(self.days)
        _check_zone(self.time_zone)

    def cron(self, time: str) -> str:
        """Write one of the times for EventBridge Scheduler.

        https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
        """
        hour, minute = time.split(":")
        return f"cron({int(minute)} {int(hour)} ? * {','.join(week_days(self.days))} *)"


def week_days(text: str) -> tuple[str, ...]:
    """Read ``MON-FRI`` or ``MON,WED,SAT-SUN``; ``SAT-MON`` goes over the week's end."""
    found: set[str] = set()
    for part in text.upper().split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        last = last if dash else first
        if first not in DAYS or last not in DAYS:
            raise ValueError(
                f"desktop.days: write MON-FRI or MON,WED,FRI with {', '.join(DAYS)}, got {text!r}"
            )
        start, steps = DAYS.index(first), (DAYS.index(last) - DAYS.index(first)) % len(DAYS)
        found |= {DAYS[(start + step) % len(DAYS)] for step in range(steps + 1)}
    return tuple(day for day in DAYS if day in found)


def _check_zone(name: str) -> None:
    """Refuse what is no time zone; a machine without the database leaves that to AWS."""
    if not available_timezones():
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"desktop.timeZone: {name!r} is not a name such as Europe/Berlin or UTC of the "
            "IANA database"
        ) from error


@dataclass(frozen=True, kw_only=True)
class MachineHoursArgs:
    """The machine, by id and ARN, and its timetable.

    ``start_grants`` is what starting takes besides the right to start, such as the disk's key.
    """

    timetable: Timetable
    instance_id: Input[str]
    instance_arn: Input[str]
    place: Place
    key: Key | None = None
    start_grants: tuple[Grant, ...] = ()

    def __post_init__(self) -> None:
        if not (self.timetable.start_at or self.timetable.stop_at):
            raise ValueError("a timetable needs desktop.startAt, desktop.stopAt or both")


class MachineHours(ComponentResource):
    """Starts and stops one machine by the clock; what is running or stopped already stays so."""

    def __init__(
        self, name: str, args: MachineHoursArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:compute:MachineHours", name, None, opts)
        table = args.timetable
        wanted = [
            (verb, action, time)
            for verb, action, time in (
                ("start", "ec2:StartInstances", table.start_at),
                ("stop", "ec2:StopInstances", table.stop_at),
            )
            if time
        ]
        role = Role(
            name,
            RoleArgs(
                service="scheduler.amazonaws.com",
                grants=(
                    Grant(tuple(action for _, action, _ in wanted), (args.instance_arn,)),
                    *(args.start_grants if table.start_at else ()),
                    # A schedule's own input is encrypted with the key, if there is one.
                    *((args.key.use(),) if args.key else ()),
                ),
                trust={
                    "StringEquals": {
                        "aws:SourceAccount": args.place.account,
                        "aws:SourceArn": args.place.arn("scheduler", f"schedule-group/{GROUP}"),
                    }
                },
            ),
            ResourceOptions(parent=self),
        )
        for verb, _, time in wanted:
            scheduler.Schedule(
                f"{name}-{verb}",
                description=f"{verb.capitalize()} the machine at {time}, {table.time_zone}",
                group_name=GROUP,
                schedule_expression=table.cron(time),
                schedule_expression_timezone=table.time_zone,
                flexible_time_window={"mode": "OFF"},
                kms_key_arn=args.key.arn if args.key else None,
                target={
                    "arn": f"arn:aws:scheduler:::aws-sdk:ec2:{verb}Instances",
                    "role_arn": role.arn,
                    "input": Output.json_dumps({"InstanceIds": [args.instance_id]}),
                    "retry_policy": {
                        "maximum_event_age_in_seconds": 3600,
                        "maximum_retry_attempts": 10,
                    },
                },
                opts=ResourceOptions(parent=self, depends_on=[role]),
            )
        self.register_outputs({})
