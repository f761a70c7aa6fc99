"""Calls a function by the clock: every so often, or at a time of day where the people are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi import ComponentResource, ResourceOptions
from pulumi_aws import scheduler

from components.encryption import Key
from components.function import Function
from components.iam import Role, RoleArgs
from components.place import Place

# https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
FORMS = ("rate(", "cron(")
GROUP = "default"
LATE_SECONDS = range(60, 86_401)


@dataclass(frozen=True, kw_only=True)
class TimedCallArgs:
    """When (``rate(1 hour)``, ``cron(0 20 ? * MON-FRI *)``), which function, and what it is told.

    A call that was not possible for ``late_seconds`` joins the stack's failed calls. ``key``
    encrypts what the function is told (none: AWS's own key).
    """

    function: Function
    place: Place
    when: str
    description: str
    time_zone: str = "UTC"
    event: Mapping[str, Any] = field(default_factory=dict)
    late_seconds: int = 3600
    key: Key | None = None

    def __post_init__(self) -> None:
        if not (self.when.startswith(FORMS) and self.when.endswith(")")):
            raise ValueError(
                f"when: a schedule is rate(…) or cron(…), such as rate(1 hour), got {self.when!r}"
            )
        if self.late_seconds not in LATE_SECONDS:
            raise ValueError(
                f"late_seconds: a call may be {LATE_SECONDS[0]} to {LATE_SECONDS[-1]} s late, "
                f"got {self.late_seconds}"
            )


class TimedCall(ComponentResource):
    """A schedule that calls one function, with a role that may do nothing else."""

    def __init__(self, name: str, args: TimedCallArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:messaging:TimedCall", name, None, opts)
        failures = args.function.failures
        role = Role(
            name,
            RoleArgs(
                service="scheduler.amazonaws.com",
                grants=(
                    args.function.invoke(),
                    failures.send(),
                    # Scheduler reads the event with the rights of this role.
                    *((args.key.use(),) if args.key else ()),
                ),
                trust=_for_schedules_of(args.place),
            ),
            ResourceOptions(parent=self),
        )
        scheduler.Schedule(
            f"{name}-schedule",
            description=args.description,
            group_name=GROUP,
            schedule_expression=args.when,
            schedule_expression_timezone=args.time_zone,
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=args.key.arn if args.key else None,
            target={
                "arn": args.function.arn,
                "role_arn": role.arn,
                "input": json.dumps(dict(args.event)),
                "retry_policy": {"maximum_event_age_in_seconds": args.late_seconds},
                "dead_letter_config": {"arn": failures.arn},
            },
            opts=ResourceOptions(parent=self, depends_on=[role, failures]),
        )
        self.register_outputs({})


def _for_schedules_of(place: Place) -> dict[str, dict[str, str]]:
    """Say on whose behalf the role may be taken; AWS takes the group here and no single schedule.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    return {
        "StringEquals": {
            "aws:SourceAccount": place.account,
            "aws:SourceArn": place.arn("scheduler", f"schedule-group/{GROUP}"),
        }
    }
