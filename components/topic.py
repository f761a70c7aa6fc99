"""A topic that alarms and the budget speak to, and the address that listens."""

import re
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import sns

from components.encryption import Key
from components.place import Place
from components.resource_policy import Statement, resource_policy, tls_only

# Enough to catch a name or a list in the wrong place; whether mail arrives only mail can tell.
_ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")


@dataclass(frozen=True, kw_only=True)
class TopicArgs:
    """Where the topic is, its key, and the e-mail address that is asked to confirm.

    The key has to let ``cloudwatch.amazonaws.com`` and ``budgets.amazonaws.com`` use it. Without a
    key of our own the topic has none: AWS's own (``alias/aws/sns``) does not let CloudWatch in, so
    that no alarm would ever arrive. Messages hold names and figures, no image and no patient.
    https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
    """

    place: Place
    key: Key | None = None
    email: str | None = None

    def __post_init__(self) -> None:
        if self.email is not None and not _ADDRESS.fullmatch(self.email):
            raise ValueError(f"email: one address such as lab@example.org, got {self.email!r}")


class Topic(ComponentResource):
    """A topic that only CloudWatch alarms and budgets of this account may publish to, over TLS.

    Its region is that of ``args.place``, because an alarm reaches no topic of another region.
    """

    arn: Output[str]
    place: Place

    def __init__(self, name: str, args: TopicArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:operations:Topic", name, None, opts)
        child = ResourceOptions(parent=self)
        region = args.place.region
        topic = sns.Topic(
            f"{name}-topic",
            kms_master_key_id=args.key.arn if args.key else None,
            region=region,
            opts=child,
        )
        sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=resource_policy(_statements(topic.arn, args.place)),
            region=region,
            opts=child,
        )
        if args.email is not None:
            sns.TopicSubscription(
                f"{name}-mail",
                topic=topic.arn,
                protocol="email",
                endpoint=args.email,
                region=region,
                opts=child,
            )
        self.arn, self.place = topic.arn, args.place
        self.register_outputs({"arn": self.arn})


def _statements(arn: Input[str], place: Place) -> list[Statement]:
    """Let in the two services that speak, each on behalf of this account's own things.

    EventBridge is not among them: it sends no source along, so it could only be let in for every
    account's rules at once.
    """
    senders = {
        "cloudwatch": place.arn("cloudwatch", "alarm:*"),
        "budgets": f"arn:aws:budgets::{place.account}:*",  # has no region
    }
    allowed = [
        Statement(
            sid=service.capitalize(),
            effect="Allow",
            service=f"{service}.amazonaws.com",
            actions=("sns:Publish",),
            resources=(arn,),
            condition={  # ArnEquals takes wildcards, as ArnLike does
                "ArnEquals": {"aws:SourceArn": source},
                "StringEquals": {"aws:SourceAccount": place.account},
            },
        )
        for service, source in senders.items()
    ]
    # SNS refuses "sns:*" in a topic's policy; publishing is what is let in, and what is denied.
    return [tls_only("sns:Publish", arn), *allowed]
