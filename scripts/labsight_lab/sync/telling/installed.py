"""Which service of this machine sends a folder."""

from pathlib import Path

from labsight.errors import LabsightError


def service_of(settings: Path | None) -> str | None:
    """Return the name of the service of a settings file; None when none is set up here."""
    from labsight_lab.service.here import this_machine  # noqa: PLC0415 - only `status` asks
    from labsight_lab.service.install import Services  # noqa: PLC0415

    if settings is None:
        return None
    try:
        found = list(Services(this_machine().manager(), lambda _line: None).installed())
    except (LabsightError, OSError):
        return None
    ours = str(settings.absolute())
    return next((one.name for one in found if one.settings == ours), None)
