"""The collector of cycles rests while a folder is read, and only then."""

import gc

import pytest

from labsight_lab.sync.look.collector import no_collection


def test_the_collector_rests_inside_and_works_again_after_an_error() -> None:
    with pytest.raises(OSError, match="gone"), no_collection():  # noqa: PT012 - both belong to it
        assert not gc.isenabled()
        raise OSError("gone")
    assert gc.isenabled()


def test_who_has_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with no_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
