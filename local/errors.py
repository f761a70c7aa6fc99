"""What can go wrong between the declared program and a running platform."""

from collections.abc import Sequence

from labsight.errors import LabsightError, SettingsError


class PortTaken(SettingsError):
    """Another process listens where the platform should."""


class ProgramFailed(LabsightError):
    """The Pulumi program did not run to its end."""


class UnknownDeclaration(LabsightError):
    """The program declares something that local mode has not been taught."""


class StandInFailed(LabsightError):
    """What stands in for an AWS service on this machine did not start."""


class DeliveryFailed(LabsightError):
    """Slides did not arrive in the catalog, or cannot be fetched from it."""


class FunctionFailed(LabsightError):
    """A function raised, ended, ran out of time or answered too much.

    ``kind`` is what Lambda reports: the exception's class, ``Runtime...`` or ``Sandbox...``.
    """

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class BrokenWires(LabsightError):
    """Parts of the declared program that do not fit together, all of them at once."""

    def __init__(self, wires: Sequence[str]) -> None:
        count = "1 broken wire" if len(wires) == 1 else f"{len(wires)} broken wires"
        super().__init__("\n".join([f"{count} in the program:", *(f"  - {w}" for w in wires)]))
        self.wires = tuple(wires)
