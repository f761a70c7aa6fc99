"""Who may sign in: a pool of invited people in three groups, and where they do it."""

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import cognito

from components.identity_provider import Provider, identity_provider
from components.invitation import DAYS, SUBJECT, Sender, invitation
from components.naming import checked
from components.place import Place

DOMAIN = "aws:cognito/userPoolDomain:UserPoolDomain"

# What a user may do is decided by these names, in labsight.roles and in the browser.
GROUPS = {
    "viewer": "May see slides",
    "technician": "May see slides and look after scanning and imports",
    "admin": "May do everything, and decides what others may do",
}


@dataclass(frozen=True, kw_only=True)
class UserPoolArgs:
    """What a lab may decide about its login.

    A pool that is ``kept`` stays, with its people, when the stack is destroyed. ``address`` is the
    viewer's, for the invitation. ``sender`` replaces Cognito's own e-mail, which sends 50 a day.
    ``threat_protection`` watches for guessed and leaked passwords; it takes the plan Plus, priced
    for each person who signs in, where the plan used else is free for the first 10,000 a month.
    """

    place: Place
    kept: bool
    mfa: Literal["optional", "required"] = "optional"
    address: Input[str] | None = None
    sender: Sender | None = None
    provider: Provider | None = None
    threat_protection: bool = False


class UserPool(ComponentResource):
    """A pool that nobody can enter uninvited; people are known by their e-mail address."""

    pool_id: Output[str]
    pool_arn: Output[str]
    issuer: Output[str]
    authority: Output[str]
    invite_command: Output[str]
    providers: tuple[Input[str], ...]

    def __init__(self, name: str, args: UserPoolArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:security:UserPool", name, None, opts)
        child = ResourceOptions(parent=self)
        pool = self._pool(name, args)
        self.pool_id, self.pool_arn = pool.id, pool.arn
        for order, (group, description) in enumerate(reversed(GROUPS.items())):
            cognito.UserGroup(
                f"{name}-{group}",
                name=group,
                user_pool_id=pool.id,
                description=description,
                precedence=order,
                opts=ResourceOptions(parent=self, retain_on_delete=args.kept),
            )
        domain = cognito.UserPoolDomain(
            f"{name}-domain", domain=_own_prefix(args.place), user_pool_id=pool.id, opts=child
        )
        region = args.place.region
        self.issuer = Output.concat(f"https://cognito-idp.{region}.amazonaws.com/", pool.id)
        self.authority = Output.concat("https://", domain.domain, _hosted(region))
        self.invite_command = _invite_command(region, pool.id)
        self.providers = ("COGNITO",)
        if args.provider:
            other = identity_provider(name, args.provider, pool.id, child)
            self.providers = ("COGNITO", other.provider_name)
        self.register_outputs({"issuer": self.issuer, "authority": self.authority})

    def _pool(self, name: str, args: UserPoolArgs) -> cognito.UserPool:
        return cognito.UserPool(
            f"{name}-pool",
            deletion_protection="ACTIVE" if args.kept else "INACTIVE",
            username_attributes=["email"],
            username_configuration={"case_sensitive": False},
            auto_verified_attributes=["email"],
            # A new address counts once its owner has answered from it.
            user_attribute_update_settings={
                "attributes_require_verification_before_updates": ["email"]
            },
            admin_create_user_config={
                "allow_admin_create_user_only": True,
                "invite_message_template": {
                    "email_subject": SUBJECT,
                    "email_message": invitation(args.address),
                    "sms_message": "labsight: {username}, {####}",
                },
            },
            password_policy={
                "minimum_length": 14,
                "require_lowercase": True,
                "require_uppercase": True,
                "require_numbers": True,
                "require_symbols": True,
                "temporary_password_validity_days": DAYS,
            },
            mfa_configuration="ON" if args.mfa == "required" else "OPTIONAL",
            software_token_mfa_configuration={"enabled": True},
            account_recovery_setting={
                "recovery_mechanisms": [{"name": "verified_email", "priority": 1}]
            },
            email_configuration=args.sender.configuration(args.place) if args.sender else None,
            user_pool_tier="PLUS" if args.threat_protection else "ESSENTIALS",
            user_pool_add_ons={"advanced_security_mode": "ENFORCED"}
            if args.threat_protection
            else None,
            opts=ResourceOptions(parent=self, retain_on_delete=args.kept),
        )


def login_address(place: Place) -> str:
    """Return where people of this stack sign in, known before anything is made."""
    return f"https://{_own_prefix(place)}{_hosted(place.region)}"


def domain_prefix(project: str, stack: str, account: str) -> str:
    """Return a name for the sign-in page that is unique among all of AWS's customers in a region.

    Cognito takes lower-case letters, digits and hyphens inside, and none of its own names:
    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
    """
    readable = re.sub("aws|amazon|cognito|[^a-z0-9]+", "-", f"{project}-{stack}".lower())
    readable = re.sub("-+", "-", readable)[:40].strip("-")
    digest = hashlib.sha256(f"{project}/{stack}/{account}".encode()).hexdigest()[:10]
    return f"{readable}-{digest}" if readable else digest


def _own_prefix(place: Place) -> str:
    prefix = domain_prefix(pulumi.get_project(), pulumi.get_stack(), place.account)
    return checked(DOMAIN, prefix)


def _hosted(region: str) -> str:
    return f".auth.{region}.amazoncognito.com"


def _invite_command(region: str, pool_id: Output[str]) -> Output[str]:
    """Return what an administrator runs to invite somebody and make them a viewer."""
    pool = Output.concat(f"--region {region} --user-pool-id ", pool_id, ' --username "$EMAIL"')
    attributes = 'Name=email,Value="$EMAIL" Name=email_verified,Value=true'
    create = f"--desired-delivery-mediums EMAIL --user-attributes {attributes}"
    return Output.concat(
        "EMAIL=name@example.org; aws cognito-idp admin-create-user ",
        pool,
        f" {create} && aws cognito-idp admin-add-user-to-group ",
        pool,
        " --group-name viewer",
    )
