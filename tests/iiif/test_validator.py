"""The IIIF community's own validator over a served slide: Image API 3.0, level 2.

https://github.com/IIIF/image-validator. It has its own environment, which `make test` sets up from
requirements.txt beside this file, and needs libmagic from the system. Its test image is 10 x 10
squares of 100 px, whose colours are in its own source: they are asked from it, so image and
expectations are of one version.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from labsight import keys
from labsight.api.serve import SOURCE
from labsight.api.web import web_folder
from labsight.errors import SettingsError
from tests.support import browser as real
from tests.support.made_slides import aperio_writer, jpeg_streams
from tests.support.repository import ROOT

BIN = ROOT / ".cache" / "iiif" / "bin"
COLOURS = (
    "import json; from iiif_validator.validator import ValidationInfo; "
    "print(json.dumps(ValidationInfo().colorInfo))"
)
SQUARE = 100  # px
NAME = "squares.svs"
LEVEL_2_TESTS = 33  # of version 1.0.5; fewer would mean that some were left out


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a server that has the test image."""
    if not (BIN / "iiif-validate.py").is_file():
        pytest.skip("the IIIF validator is not installed: `make test` does that")
    magic = subprocess.run([BIN / "python", "-c", "import magic"], capture_output=True, check=False)
    if magic.returncode:
        pytest.skip("the IIIF validator needs libmagic (Debian: libmagic1)")
    try:
        web_folder()
    except SettingsError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("slides")
    write_test_image(folder / NAME)
    cache = tmp_path_factory.mktemp("cache")
    with real.serving(folder, cache, allowed_origin="*") as address:
        yield address.removeprefix("http://")


def write_test_image(path: Path) -> None:
    """Write the validator's test image as a slide with two levels."""
    answer = subprocess.run(
        [BIN / "python", "-c", COLOURS], capture_output=True, text=True, check=True
    ).stdout
    colours = np.array(json.loads(answer.splitlines()[-1]), np.uint8)  # column, row, RGB
    rows = colours.transpose(1, 0, 2)
    pixels = rows.repeat(SQUARE, axis=0).repeat(SQUARE, axis=1)
    encoding = jpeg_streams.Encoding(photometric="rgb", quality=95, subsampling=(1, 1))
    levels = [pixels, aperio_writer.reduce(pixels, 2)]
    aperio_writer.write_svs(path, levels, tile=256, encoding=encoding)


def test_the_validator_passes_at_level_2(server: str) -> None:
    slide = keys.SlideKey(SOURCE, NAME).slide_id
    command = [str(BIN / "iiif-validate.py"), "-s", server, "-p", "iiif/3", "-i", slide]
    run = subprocess.run(
        [*command, "--version=3.0", "--level", "2"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    report = run.stdout + run.stderr
    assert run.returncode == 0, report
    assert f"Done ({LEVEL_2_TESTS} tests, 0 failures)" in report
    assert len(re.findall(r"^\[\d+\] test \w+ PASS$", report, re.MULTILINE)) == LEVEL_2_TESTS
