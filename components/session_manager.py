"""Session Manager without a way to the internet: what a machine's agent needs to be reachable."""

from components.endpoint import Endpoints
from components.iam import Grant
from components.security_group import SecurityGroup

# Agents since 3.3.40.0, and so all images of today, no longer need ec2messages.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html
SERVICES = ("ssm", "ssmmessages")


def reach_session_manager(endpoints: Endpoints, group: SecurityGroup) -> None:
    """Let a group call Systems Manager through the network's endpoints, which cost by the hour."""
    for service in SERVICES:
        endpoints.of(service).allow(group)


def be_managed() -> Grant:
    """Allow the agent to report and to hold sessions.

    AWS's own policy for this (AmazonSSMManagedInstanceCore) also reads every parameter.
    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    """
    return Grant(
        (
            "ssm:UpdateInstanceInformation",
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ),
        ("*",),
        reason="Session Manager's channels are no resources in IAM",
    )
