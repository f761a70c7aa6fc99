"""Every error a person may see, as one tree.

LabsightError
  InvalidInput            the caller's value is wrong (path, query, id, file name)
  NotPermitted            the caller may not do or see this
  NotFound                no such slide, level, tile or image
    ObjectMissing         no such object in the store
  Conflict                the state of things forbids it
    ObjectExists          a write that must not overwrite met an object
    ObjectChanged         the object is not the version that was expected
  SettingsError           a setting is missing or wrong
  StorageUnavailable      the object store did not answer as it should
  GatewayUnavailable      the file gateway is stopped, starting, or does not answer as it should
  SlideError              the file cannot be used as a slide
    NotASlide             it is something else
    DamagedSlide          it is cut off, inconsistent or hostile
    UnsupportedSlide      it is whole, but of a kind labsight does not read

A message says what happened, to which file or setting, and what to do next. It is shown to people
as it stands, so it never holds a traceback, a credential or an internal path.
"""


class LabsightError(Exception):
    """Base of all errors that labsight raises on purpose."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(LabsightError):
    """The caller's value is wrong."""


class NotPermitted(LabsightError):
    """The caller may not do or see this."""


class NotFound(LabsightError):
    """No such thing."""


class ObjectMissing(NotFound):
    """No such object in the store."""


class Conflict(LabsightError):
    """The state of things forbids it."""


class ObjectExists(Conflict):
    """A write that must not overwrite met an object."""


class ObjectChanged(Conflict):
    """The object is not the version that was expected."""


class SettingsError(LabsightError):
    """A setting is missing or wrong."""


class StorageUnavailable(LabsightError):
    """The object store did not answer as it should; trying again may help."""


class GatewayUnavailable(LabsightError):
    """The file gateway is stopped, starting, or did not answer as it should."""


class SlideError(LabsightError):
    """The file cannot be used as a slide."""


class NotASlide(SlideError):
    """The file is something else."""


class DamagedSlide(SlideError):
    """The file is cut off, inconsistent or hostile."""


class UnsupportedSlide(SlideError):
    """The file is whole, but of a kind labsight does not read."""


HTTP_STATUS: dict[type[LabsightError], int] = {
    InvalidInput: 400,
    NotPermitted: 403,
    NotFound: 404,
    Conflict: 409,
    SettingsError: 500,
    StorageUnavailable: 503,
    GatewayUnavailable: 503,
    SlideError: 422,
    LabsightError: 500,
}

EXIT_CODE: dict[type[LabsightError], int] = {
    InvalidInput: 2,
    SettingsError: 2,
    LabsightError: 1,
}


def http_status(error: LabsightError) -> int:
    """Return the HTTP status of the nearest class in the tree."""
    return _nearest(HTTP_STATUS, error)


def exit_code(error: LabsightError) -> int:
    """Return the exit code of the nearest class: 1 failed work, 2 bad usage or settings."""
    return _nearest(EXIT_CODE, error)


def _nearest(table: dict[type[LabsightError], int], error: LabsightError) -> int:
    return next(table[kind] for kind in type(error).__mro__ if kind in table)
