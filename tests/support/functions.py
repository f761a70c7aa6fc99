"""What every function of a test shares: no layer, one queue for failed calls, logs of a month."""

from typing import Any

from components.failures import Failures, FailuresArgs
from components.function import FunctionPlatform
from components.packages import Packages, PackagesArgs
from components.place import Place
from tests.support.pulumi_outputs import ACCOUNT, REGION


def platform(**changes: Any) -> FunctionPlatform:
    """Declare what functions share; call it once in a program."""
    least: dict[str, Any] = {
        "packages": Packages("packages", PackagesArgs(source="none")),
        "failures": Failures("failures", FailuresArgs(place=Place(ACCOUNT, REGION))),
        "log_days": 30,
    }
    return FunctionPlatform(**{**least, **changes})
