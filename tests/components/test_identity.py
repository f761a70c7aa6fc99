import json
import re
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.identity import GROUPS, UserPool, UserPoolArgs, domain_prefix, login_address
from components.identity_provider import Provider
from components.invitation import Sender
from components.login_client import LoginClient, LoginClientArgs
from components.place import Place
from labsight.roles import Role
from tests.support.pulumi_outputs import ACCOUNT, REGION
from tests.support.pulumi_recorder import Declare, Recorded

PLACE = Place(ACCOUNT, REGION)
POOL = "aws:cognito/userPool:UserPool"
CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
GROUP = "aws:cognito/userGroup:UserGroup"
DOMAIN = "aws:cognito/userPoolDomain:UserPoolDomain"
PROVIDER = "aws:cognito/identityProvider:IdentityProvider"
SECRET = "planted-client-secret"


def pool(**changes: Any) -> UserPool:
    return UserPool("login", UserPoolArgs(**{"place": PLACE, "kept": True, **changes}))


def oidc(**changes: Any) -> Provider:
    least: dict[str, Any] = {
        "name": "Institute",
        "url": "https://login.example.org",
        "client_id": "labsight",
        "client_secret": SECRET,
    }
    return Provider(**{**least, **changes})


def test_nobody_enters_uninvited(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: pool().pool_id)
    config = recorded.one(POOL).inputs["adminCreateUserConfig"]
    assert config["allowAdminCreateUserOnly"] is True


def test_people_are_known_by_their_email_address_in_any_case(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: pool().pool_id)
    inputs = recorded.one(POOL).inputs
    assert inputs["usernameAttributes"] == ["email"]
    assert inputs["usernameConfiguration"] == {"caseSensitive": False}
    assert inputs["accountRecoverySetting"]["recoveryMechanisms"] == [
        {"name": "verified_email", "priority": 1}
    ]


def test_passwords_are_long_and_mixed(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: pool().pool_id)
    policy = recorded.one(POOL).inputs["passwordPolicy"]
    assert policy["minimumLength"] >= 14
    assert all(
        policy[f"require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols")
    )


@pytest.mark.parametrize(("mfa", "setting"), [("optional", "OPTIONAL"), ("required", "ON")])
def test_a_second_factor_is_offered_or_asked_for(
    mfa: str, setting: str, declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: pool(mfa=mfa).pool_id)
    assert recorded.one(POOL).inputs["mfaConfiguration"] == setting
    assert recorded.one(POOL).inputs["softwareTokenMfaConfiguration"] == {"enabled": True}


def test_a_kept_pool_and_its_groups_stay_when_the_stack_goes(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: pool().pool_id)
    assert recorded.one(POOL).inputs["deletionProtection"] == "ACTIVE"
    assert {one.name for one in recorded if one.retained} == {
        "login-pool",
        "login-viewer",
        "login-technician",
        "login-admin",
    }


def test_a_pool_that_is_not_kept_can_be_deleted(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: pool(kept=False).pool_id)
    assert recorded.one(POOL).inputs["deletionProtection"] == "INACTIVE"
    assert not any(one.retained for one in recorded)


def test_the_groups_are_the_roles_that_the_api_knows(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: pool().pool_id)
    precedence = {one.inputs["name"]: one.inputs["precedence"] for one in recorded.of(GROUP)}
    assert precedence == {"admin": 0, "technician": 1, "viewer": 2}
    assert set(GROUPS) == {role.value for role in Role}


def test_the_invitation_names_the_address_and_what_cognito_fills_in(
    declare: Declare, recorded: Recorded
) -> None:
    address = "https://slides.example.org"
    declare(lambda: pool(address=pulumi.Output.from_input(address)).pool_id)
    config = recorded.one(POOL).inputs["adminCreateUserConfig"]
    message = config["inviteMessageTemplate"]["emailMessage"]
    assert address in message
    assert "{username}" in message
    assert "{####}" in message


def test_an_invitation_without_an_address_says_who_knows_it(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: pool().pool_id)
    config = recorded.one(POOL).inputs["adminCreateUserConfig"]
    assert "whoever invited you" in config["inviteMessageTemplate"]["emailMessage"]


def test_an_own_sender_goes_through_its_ses_identity(declare: Declare, recorded: Recorded) -> None:
    sender = Sender(address="slides@lab.example.org", identity="example.org")
    declare(lambda: pool(sender=sender).pool_id)
    assert recorded.one(POOL).inputs["emailConfiguration"] == {
        "emailSendingAccount": "DEVELOPER",
        "fromEmailAddress": "slides@lab.example.org",
        "sourceArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.org",
    }


def test_a_sender_without_an_identity_is_its_own() -> None:
    configuration = Sender(address="slides@example.org").configuration(PLACE)
    assert (
        configuration["source_arn"] == f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/slides@example.org"
    )


@pytest.mark.parametrize("address", ["slides", "a@b", "Lab <slides@example.org>", "a@b.c, d@e.f"])
def test_a_sender_that_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="sender: one address such as"):
        Sender(address=address)


@pytest.mark.parametrize("identity", ["example.com", "ample.org", "other@example.org"])
def test_an_identity_that_does_not_hold_the_address_is_refused(identity: str) -> None:
    with pytest.raises(ValueError, match=f"its domain example.org, got '{identity}'"):
        Sender(address="slides@example.org", identity=identity)


def test_threat_protection_takes_the_plan_that_has_it(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: pool(threat_protection=True).pool_id)
    inputs = recorded.one(POOL).inputs
    assert inputs["userPoolTier"] == "PLUS"
    assert inputs["userPoolAddOns"] == {"advancedSecurityMode": "ENFORCED"}
    declare(lambda: pool().pool_id)
    assert recorded.one(POOL).inputs["userPoolTier"] == "ESSENTIALS"
    assert recorded.one(POOL).inputs.get("userPoolAddOns") is None


def test_issuer_and_authority_are_cognitos(declare: Declare, recorded: Recorded) -> None:
    issuer, authority = declare(lambda: pulumi.Output.all(pool().issuer, pool_authority()))
    assert issuer == f"https://cognito-idp.{REGION}.amazonaws.com/login-pool-1a2b3c4"
    prefix = recorded.one(DOMAIN, "login-domain").inputs["domain"]
    assert authority == f"https://{prefix}.auth.{REGION}.amazoncognito.com"


def pool_authority() -> pulumi.Output[str]:
    return UserPool("other", UserPoolArgs(place=PLACE, kept=True)).authority


def test_the_login_address_is_known_before_the_pool_is(declare: Declare) -> None:
    def program() -> pulumi.Output[Any]:
        return pulumi.Output.all(pool().authority, login_address(PLACE))

    authority, before = declare(program)
    assert authority == before


def test_the_invite_command_can_be_pasted(declare: Declare) -> None:
    command = declare(lambda: pool().invite_command)
    assert command.startswith("EMAIL=name@example.org; aws cognito-idp admin-create-user ")
    assert f"--region {REGION} --user-pool-id login-pool-1a2b3c4" in command
    assert command.endswith('--username "$EMAIL" --group-name viewer')


def test_the_clients_secret_of_an_oidc_login_stays_a_secret(
    declare: Declare, recorded: Recorded
) -> None:
    provider = oidc()
    assert SECRET not in repr(provider)
    declare(lambda: pool(provider=provider).pool_id)
    inputs = recorded.one(PROVIDER).inputs
    assert inputs["providerType"] == "OIDC"
    assert inputs["attributeMapping"] == {"username": "sub", "email": "email"}
    assert SECRET in json.dumps(inputs["providerDetails"], default=str)
    others = [one.inputs for one in recorded if one.type != PROVIDER]
    assert SECRET not in json.dumps(others, default=str)


def test_a_saml_login_is_known_by_its_metadata(declare: Declare, recorded: Recorded) -> None:
    url = "https://login.example.org/metadata.xml"
    declare(lambda: pool(provider=Provider(name="Institute", url=url)).pool_id)
    inputs = recorded.one(PROVIDER).inputs
    assert inputs["providerType"] == "SAML"
    assert inputs["providerDetails"]["MetadataURL"] == url


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "x"}, "login.providerName: 3 to 32 letters"),
        ({"name": "Google"}, "no provider that Cognito has itself, got 'Google'"),
        ({"url": "http://login.example.org"}, "login.providerUrl: an https:// address"),
        ({"client_secret": None}, "an OpenID Connect login has both"),
        ({"client_id": None}, "a SAML login has neither"),
    ],
)
def test_a_provider_that_cannot_work_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        oidc(**changes)


def client(**changes: Any) -> pulumi.Output[str]:
    address = pulumi.Output.from_input("https://slides.example.org")
    args = LoginClientArgs(pool=pool(**changes), address=address)
    return LoginClient("web", args).client_id


def test_the_browsers_client_has_no_secret_and_the_code_flow_alone(
    declare: Declare, recorded: Recorded
) -> None:
    assert declare(client) == "web-client-1a2b3c4"
    inputs = recorded.one(CLIENT).inputs
    assert inputs["generateSecret"] is False
    assert inputs["allowedOauthFlows"] == ["code"]
    assert inputs["allowedOauthScopes"] == ["openid", "email"]
    assert inputs["callbackUrls"] == ["https://slides.example.org/"]
    assert inputs["logoutUrls"] == ["https://slides.example.org/"]
    assert not any("PASSWORD" in flow for flow in inputs["explicitAuthFlows"])


def test_tokens_last_an_hour_and_a_sign_in_a_working_day(
    declare: Declare, recorded: Recorded
) -> None:
    declare(client)
    inputs = recorded.one(CLIENT).inputs
    assert (inputs["accessTokenValidity"], inputs["refreshTokenValidity"]) == (1, 12)
    assert set(inputs["tokenValidityUnits"].values()) == {"hours"}
    assert inputs["enableTokenRevocation"] is True
    assert inputs["preventUserExistenceErrors"] == "ENABLED"


def test_the_institutes_login_is_offered_beside_the_pools_own(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: client(provider=oidc()))
    assert recorded.one(CLIENT).inputs["supportedIdentityProviders"] == ["COGNITO", "Institute"]
    declare(client)
    assert recorded.one(CLIENT).inputs["supportedIdentityProviders"] == ["COGNITO"]


def test_a_way_back_without_a_slash_is_refused(declare: Declare) -> None:
    def program() -> None:
        LoginClientArgs(pool=pool(), address="https://a.example.org", return_path="back")

    with pytest.raises(ValueError, match="return_path: a path starts with '/', got 'back'"):
        declare(program)


def test_a_domain_prefix_tells_stacks_and_accounts_apart() -> None:
    made = {
        domain_prefix("labsight", stack, account)
        for stack in ("dev", "Dev", "d.ev", "prod")
        for account in ("123456789012", "210987654321")
    }
    assert len(made) == 8
    assert domain_prefix("labsight", "dev", ACCOUNT).startswith("labsight-dev-")


@given(
    st.text(max_size=100),
    st.text("awsmzoncgit-", max_size=60),
    st.from_regex(r"[0-9]{12}", fullmatch=True),
)
def test_every_domain_prefix_is_one_that_cognito_takes(
    project: str, stack: str, account: str
) -> None:
    prefix = domain_prefix(project, stack, account)
    assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", prefix)
    assert not re.search("aws|amazon|cognito", prefix)
