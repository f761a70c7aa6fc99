"""Make the sample slides: generated tissue in files laid out as real scanners lay them out.

    python sample-data/make.py [--out DIR] [--force]

The same bytes come out each time. A file that is already there and differs is kept, unless --force
is given.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sample_sections
import tiff_pages as tiff
from aperio_writer import HEADER, base_tags, reduce, write_svs
from jpeg_streams import Encoding, Pixels
from ome_writer import write_ome
from sample_glass import label, macro
from sample_tissue import Painter, fluorescent, stained

# TIFF 6.0 sets 65000 to 65535 aside for anyone's private use: no reader can know this one.
UNKNOWN_COMPRESSION = 65000

_SCANNER = {
    "AppMag": "20",
    "StripeWidth": "2040",
    "ScanScope ID": "SS0000",
    "Time Zone": "GMT+01:00",
    "MPP": "0.4990",
}


def breast(path: Path) -> None:
    """Write JPEG/RGB in abbreviated tiles, as Aperio scanners do."""
    pixels = Painter(sample_sections.breast(5303, 3967), stained(), seed=1).paint()
    words = ("S26-01234", "Block A1   Slide 2", "Breast   H&E")
    properties = {
        "Filename": "1004486",
        "Date": "03/14/26",
        "Time": "09:59:15",
        "ImageID": "1004486",
    }
    _svs(path, pixels, (4, 16), "S26-01234;A1;2", words, properties, Encoding(quality=21))


def lymph_node(path: Path) -> None:
    """Write YCbCr with halved chroma, in 256 px tiles."""
    pixels = Painter(sample_sections.lymph_node(2501, 2003), stained(), seed=2).paint()
    words = ("S26-00987", "Block C3   Slide 1", "Lymph node   H&E")
    properties = {
        "Filename": "1004490",
        "Date": "03/17/26",
        "Time": "14:02:41",
        "ImageID": "1004490",
    }
    encoding = Encoding(photometric="ycbcr", quality=28, subsampling=(2, 2))
    _svs(path, pixels, (4,), "S26-00987;C3;1", words, properties, encoding, tile=256)


def kidney(path: Path) -> None:
    """Write a fluorescence composite as an OME-TIFF pyramid."""
    pixels = Painter(sample_sections.kidney(2050, 1538), fluorescent(), seed=3).paint()
    encoding = Encoding(photometric="ycbcr", quality=30, subsampling=(2, 2))
    levels = [pixels, reduce(pixels, 2), reduce(pixels, 4)]
    write_ome(path, levels, name="kidney-fluo", mpp=0.325, magnification=20, encoding=encoding)


def undecodable(path: Path) -> None:
    """Write a whole and consistent SVS whose tiles are compressed in a way nobody knows."""
    width, height, tile = 1203, 901, 240
    size = f"{width}x{height}"
    description = (
        f"{HEADER}{size} [0,0 {size}] ({tile}x{tile}) PRIVATE Q=70|AppMag = 20|MPP = 0.4990"
    )
    tags = base_tags(np.empty((height, width, 3), np.uint8), description)
    tags |= {
        tiff.COMPRESSION: UNKNOWN_COMPRESSION,
        tiff.TILE_WIDTH: tile,
        tiff.TILE_HEIGHT: tile,
    }
    rng = np.random.default_rng(4)
    tiles = -(-width // tile) * -(-height // tile)
    chunks = [rng.integers(0, 256, 1500, np.uint8).tobytes() for _ in range(tiles)]
    tiff.write_tiff(path, [tiff.Page(tags=tags, chunks=chunks)])


SLIDES: dict[str, Callable[[Path], None]] = {
    "breast-he.svs": breast,
    "kidney-fluo.ome.tif": kidney,
    "undecodable.svs": undecodable,
    "batch-2/Lymphknoten Färbung HE.svs": lymph_node,
}


def make(out: Path, *, force: bool) -> list[str]:
    """Write all slides below ``out``; return the names of those kept because they differ."""
    kept = []
    for name, write in SLIDES.items():
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(dir=out) as scratch:
            fresh = Path(scratch) / target.name
            write(fresh)
            outcome = _place(fresh, target, force=force)
        seconds = time.perf_counter() - started
        print(
            f"{name}: {target.stat().st_size / 1000:.0f} kB, {seconds:.1f} s, {outcome}", flush=True
        )
        if outcome == _KEPT:
            kept.append(name)
    return kept


_KEPT = "kept: it differs from what would be written"


def _place(fresh: Path, target: Path, *, force: bool) -> str:
    if target.exists():
        if target.read_bytes() == fresh.read_bytes():
            return "unchanged"
        if not force:
            return _KEPT
    fresh.replace(target)
    return "written"


def _svs(
    path: Path,
    pixels: Pixels,
    factors: tuple[int, ...],
    barcode: str,
    words: tuple[str, ...],
    properties: dict[str, str],
    encoding: Encoding,
    *,
    tile: int = 240,
) -> None:
    printed = label(barcode, words)
    small = reduce(pixels, -(-pixels.shape[1] // 700))
    write_svs(
        path,
        [pixels, *(reduce(pixels, factor) for factor in factors)],
        tile=tile,
        encoding=encoding,
        properties=_SCANNER | properties,
        thumbnail=small,
        label=printed,
        macro=macro(printed, small),
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(description="Make labsight's sample slides.")
    default = Path(__file__).resolve().parent / "slides"
    parser.add_argument("--out", type=Path, default=default, metavar="DIR",
                        help="where to write (default: sample-data/slides)")  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace files that differ")
    options = parser.parse_args(arguments)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        kept = make(options.out, force=options.force)
    except OSError as error:
        print(
            f"{error.filename or options.out}: {error.strerror}; choose another --out",
            file=sys.stderr,
        )
        return 2
    if kept:
        print(f"kept as they were: {', '.join(kept)}; --force replaces them", file=sys.stderr)
    return 1 if kept else 0


if __name__ == "__main__":
    sys.exit(main())
