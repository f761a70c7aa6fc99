"""Gives an activated gateway its cache disk and the password of its one account."""

from typing import Any

from labsight.errors import InvalidInput, SettingsError
from labsight.gateway.aws import SecretVault, StorageGateway, client
from labsight.gateway.cache import ensure_cache
from labsight.gateway.password import set_password
from labsight.gateway.settings import GatewayEnvironment

_environment = GatewayEnvironment()
_environment.configure_logging()
_gateway = StorageGateway(_environment.gateway, client("storagegateway"))
_secret = _environment.password_secret


def handle(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Do what the event names: ``cache``, or ``password``, a new one with ``rotate``."""
    match event.get("do"):
        case "cache":
            return {"cache": ensure_cache(_gateway)}
        case "password":
            return _set_password(rotate=event.get("rotate") is True)
        case other:
            raise InvalidInput(f'do: {other!r}; call with {{"do": "cache"}} or "password"')


def _set_password(*, rotate: bool) -> dict[str, str]:
    if _secret is None:
        raise SettingsError(
            "LABSIGHT_GATEWAY_SECRET is not set: people sign in with accounts of the directory"
        )
    new = set_password(SecretVault(_secret, client("secretsmanager")), _gateway, rotate=rotate)
    return {"password": "new" if new else "as before"}
