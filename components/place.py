"""Where the stack is deployed: the account and region that ARNs and service names are made of."""

from dataclasses import dataclass

import pulumi_aws as aws


@dataclass(frozen=True)
class Place:
    """An AWS account (twelve digits) and a region such as ``eu-central-1``."""

    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """Return a resource's ARN: ``arn:aws:<service>:<region>:<account>:<resource>``."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def here() -> Place:
    """Ask AWS, with the credentials and region of the deployment."""
    return Place(account=aws.get_caller_identity().account_id, region=aws.get_region().region)


def zones_here() -> tuple[str, ...]:
    """Return the availability zones that this account may use here without asking for them.

    Local zones and those that an account has to opt in to are left out.
    """
    found = aws.get_availability_zones(
        state="available", filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
    )
    return tuple(sorted(found.names))
