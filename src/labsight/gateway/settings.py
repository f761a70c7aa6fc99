"""What the environment tells the gateway's functions."""

import json
from collections.abc import Mapping

from labsight.errors import SettingsError
from labsight.settings import Environment


class GatewayEnvironment(Environment):
    """Reads the gateway's variables by name; a missing or ill-formed one is an error."""

    @property
    def region(self) -> str:
        """The region, which Lambda sets."""
        return self._needed("AWS_REGION", "the region")

    @property
    def endpoint(self) -> str:
        """Where the appliance reaches the service."""
        return self._needed("LABSIGHT_GATEWAY_ENDPOINT", "the DNS name of its VPC endpoint")

    @property
    def gateway(self) -> str:
        """The activated gateway."""
        return self._needed("LABSIGHT_GATEWAY", "the ARN of the gateway")

    @property
    def gateway_id(self) -> str:
        """Its id, which its metrics carry."""
        return self._needed("LABSIGHT_GATEWAY_ID", "the id of the gateway")

    @property
    def gateway_name(self) -> str:
        """Its name, which its metrics carry as well."""
        return self._needed("LABSIGHT_GATEWAY_NAME", "the name of the gateway")

    @property
    def password_secret(self) -> str | None:
        """The secret for its one account; none where people have accounts of their own."""
        return self._variables.get("LABSIGHT_GATEWAY_SECRET") or None

    @property
    def appliance(self) -> str:
        """The instance that the gateway runs on."""
        return self._needed("LABSIGHT_APPLIANCE", "the id of the appliance's instance")

    @property
    def appliance_address(self) -> str:
        """Its private address."""
        return self._needed("LABSIGHT_APPLIANCE_ADDRESS", "the address of the appliance")

    @property
    def desktop(self) -> str:
        """The instance that the appliance follows."""
        return self._needed("LABSIGHT_DESKTOP", "the id of the desktop's instance")

    @property
    def refresh_queue(self) -> str:
        """Where notices of new objects wait."""
        return self._needed("LABSIGHT_REFRESH_QUEUE", "the URL of the queue of notices")

    @property
    def shares(self) -> Mapping[str, str]:
        """The ARN of each share by the prefix of the archive that it shows."""
        text = self._needed("LABSIGHT_SHARES", "the shares as JSON: prefix to ARN")
        try:
            shares = json.loads(text)
        except ValueError:
            shares = None
        if not isinstance(shares, dict) or not shares:
            raise SettingsError(
                f"LABSIGHT_SHARES is {text[:80]!r}; it must be a JSON object, prefix to ARN"
            )
        return {str(prefix): str(arn) for prefix, arn in shares.items()}
