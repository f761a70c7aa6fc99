"""One address for people: the web app, the API, tiles, and the door where they sign in."""

from dataclasses import dataclass
from pathlib import Path

from pulumi import Input, Output

from components.api import Api, ApiArgs, JwtAuthorizer, Route
from components.certificate import Certificate, CertificateArgs
from components.code import ROOT
from components.distribution import Distribution, DistributionArgs
from components.firewall import Firewall, FirewallArgs
from components.function import Function, FunctionArgs
from components.identity import UserPool, UserPoolArgs, login_address
from components.identity_provider import Provider
from components.invitation import Sender
from components.later import later
from components.login_client import SCOPES, LoginClient, LoginClientArgs
from components.signing_key import SigningKey, SigningKeyArgs
from stacks.catalog import LOGGING, SMALL_MB
from stacks.foundation import Foundation
from stacks.settings import ProviderSettings, Secret, Settings
from stacks.slides import ANSWER_SECONDS, Slides

SESSION_COPIES = 5  # where the account has enough to share out
WEB: Path = ROOT / "web" / "dist"


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """What people and other stacks need to know of the web platform."""

    pool: UserPool
    api: Api
    distribution: Distribution
    session: Function


def build(settings: Settings, foundation: Foundation, slides: Slides) -> Viewer:
    """Declare the web platform over the slide service."""
    signing_key = _signing_key(settings, foundation)
    session = _session(foundation, signing_key)
    with later() as (address, tell):
        pool = _pool(settings, foundation, address)
        client = LoginClient("login", LoginClientArgs(pool=pool, address=address))
        api = _api(foundation, pool, client, slides.catalog, session)
        distribution = Distribution(
            "viewer",
            DistributionArgs(
                place=foundation.place,
                web_folder=WEB,
                api_domain=api.host(foundation.place),
                tiles=slides.tiles.origin,
                signing_key=signing_key,
                talks_to=_talks_to(settings, foundation),
                log_days=settings.operations.log_days,
                certificate=_certificate(settings),
                firewall=_firewall(settings),
            ),
        )
        tell(distribution.address)
    if settings.slides.direct:
        foundation.archive.open_to(distribution.address)
    distribution.website.configure(
        {
            "login": {
                "authority": pool.authority,
                "clientId": client.client_id,
                "scopes": list(SCOPES),
            }
        }
    )
    return Viewer(pool=pool, api=api, distribution=distribution, session=session)


def _talks_to(settings: Settings, foundation: Foundation) -> tuple[Input[str], ...]:
    """Return the addresses besides our own that the web app uses."""
    login = login_address(foundation.place)
    if not settings.slides.direct:
        return (login,)
    return login, Output.concat("https://", foundation.archive.host(foundation.place))


def _pool(settings: Settings, foundation: Foundation, address: Output[str]) -> UserPool:
    login = settings.login
    return UserPool(
        "people",
        UserPoolArgs(
            place=foundation.place,
            kept=settings.kept,
            mfa=login.mfa,
            address=address,
            sender=Sender(address=login.email_from) if login.email_from else None,
            provider=_provider(login.provider) if login.provider else None,
            threat_protection=settings.regulated,
        ),
    )


def _provider(provider: ProviderSettings) -> Provider:
    secret = provider.client_secret
    return Provider(
        name=provider.name,
        url=provider.url,
        client_id=provider.client_id,
        client_secret=Output.secret(secret.value) if secret else None,
    )


def _signing_key(settings: Settings, foundation: Foundation) -> SigningKey:
    edge = settings.edge
    private: Secret | None = edge.signing_key
    if edge.public_key is None or private is None:
        raise ValueError("edge.publicKey and edge.signingKey: run labsight keys new")
    return SigningKey(
        "signing",
        SigningKeyArgs(
            public_key=edge.public_key,
            private_key=Output.secret(private.value),
            kept_days=foundation.secret_days,
            key=foundation.key,
        ),
    )


def _session(foundation: Foundation, signing_key: SigningKey) -> Function:
    return Function(
        "session",
        FunctionArgs(
            code="session",
            environment={
                "LABSIGHT_SIGNING_SECRET": signing_key.secret.arn,
                "LABSIGHT_KEY_PAIR_ID": signing_key.key_pair_id,
                **LOGGING,
            },
            grants=(signing_key.secret.read(),),
            timeout_seconds=ANSWER_SECONDS,
            memory_mb=SMALL_MB,
            platform=foundation.platform,
            reserve=SESSION_COPIES,
        ),
    )


def _api(
    foundation: Foundation,
    pool: UserPool,
    client: LoginClient,
    catalog: Function,
    session: Function,
) -> Api:
    return Api(
        "web",
        ApiArgs(
            routes=(
                Route(method="POST", path="/api/session", function=session),
                Route(method="DELETE", path="/api/session", function=session),
                Route(method="GET", path="/api/{proxy+}", function=catalog),
                Route(method="HEAD", path="/api/{proxy+}", function=catalog),
                Route(method="GET", path="/healthz", function=catalog, authorization="NONE"),
            ),
            authorizer=JwtAuthorizer(issuer=pool.issuer, audience=(client.client_id,)),
            log_days=foundation.platform.log_days,
            key=foundation.key,
        ),
    )


def _certificate(settings: Settings) -> Certificate | None:
    edge = settings.edge
    if edge.domain is None or edge.hosted_zone is None:
        return None
    return Certificate(
        "certificate", CertificateArgs(domain=edge.domain, hosted_zone=edge.hosted_zone)
    )


def _firewall(settings: Settings) -> Firewall | None:
    if not settings.regulated:
        return None
    return Firewall("firewall", FirewallArgs(log_days=settings.operations.log_days))
