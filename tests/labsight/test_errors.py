import inspect

import pytest

from labsight import errors
from labsight.errors import LabsightError

ALL = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, LabsightError)
]


@pytest.mark.parametrize("kind", ALL)
def test_every_error_has_a_status_and_an_exit_code(kind: type[LabsightError]) -> None:
    error = kind("what, where, what to do")
    assert 400 <= errors.http_status(error) < 600
    assert errors.exit_code(error) in {1, 2}
    assert error.message == str(error)


def test_the_nearest_class_decides() -> None:
    assert errors.http_status(errors.ObjectMissing("x")) == 404
    assert errors.http_status(errors.DamagedSlide("x")) == 422
    assert errors.exit_code(errors.SettingsError("x")) == 2


@pytest.mark.parametrize("kind", ALL)
def test_the_drawing_of_the_tree_names_every_error(kind: type[LabsightError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")
