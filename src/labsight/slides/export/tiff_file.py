"""The TIFF file of an OME-TIFF export: tiles as they come, directories behind them."""

from pathlib import Path

from labsight import __version__
from labsight.slides.export.journal import Entry, Journal
from labsight.slides.export.ome_levels import TiffLevel
from labsight.slides.export.ome_tiff import OmeTiff
from labsight.slides.export.ome_xml import ome_xml
from labsight.slides.export.part_file import PartFile
from labsight.slides.export.plan import Batch
from labsight.slides.export.tiff_writer import HEADER_BYTES, Encoder, Value, next_at
from labsight.slides.formats.tiff.tags import Code
from labsight.slides.pixels import jpeg

_YCBCR_SUBSAMPLING = 530
_CENTIMETRE = 3  # ResolutionUnit
_REDUCED = 1  # NewSubfileType
_PHOTOMETRIC = {"inverted": 0, "grey": 1, "rgb": 2, "ycbcr": 6}
_COMPRESSION = {
    "none": 1, "lzw": 5, "jpeg": 7, "deflate": 8, "packbits": 32773, "zstd": 50000,
}  # fmt: skip
# JPEG 2000: Aperio's numbers for YCbCr and RGB, and the general one, for grey.
_J2K_YCBCR, _J2K_RGB, _J2K = 33003, 33005, 34712


class TiffSink:
    """A BigTIFF file that grows tile by tile."""

    def __init__(self, final: Path, journal: Journal, image: OmeTiff) -> None:
        self._journal = journal
        self._image = image
        self._encoder = Encoder(image.order)
        end = max((one[2] + one[3] for one in journal.entries()), default=0)
        self._file = PartFile(final, journal, max(end, HEADER_BYTES if end else 0))
        if not self._file.end:
            self._file.append(self._encoder.header())

    def has(self, layer: int, number: int) -> bool:
        """Whether a tile is written."""
        return self._journal.has(layer, number)

    def put(self, batch: Batch) -> int:
        """Write tiles."""
        at = self._file.end
        entries: list[Entry] = []
        for number, data in batch.tiles:
            entries.append((batch.layer, number, at, len(data), 0))
            at += len(data)
        self._file.append(b"".join(data for _, data in batch.tiles))
        self._journal.add(entries)
        return sum(entry[3] for entry in entries)

    def read(self, layer: int, number: int) -> bytes:
        """Return a tile."""
        _, _, offset, size, _ = self._journal.entry(layer, number)
        return self._file.read(offset, size)

    def finish(self) -> None:
        """Write the directories and give the file its name."""
        pointer = 8  # in the header: where the first directory lies
        for plane in range(self._image.planes):
            smaller = [
                self._write(self._tags(number, plane))[0]
                for number in range(1, len(self._image.levels))
            ]
            tags = self._tags(0, plane)
            if smaller:
                tags[Code.SUB_DIRECTORIES] = self._encoder.directories(smaller)
            if plane == 0:
                tags[Code.DESCRIPTION] = self._encoder.text(self._description())
            place, next_pointer = self._write(tags)
            self._file.patch(pointer, self._encoder.offset(place))
            pointer = next_pointer
        self._file.finish()
        self._journal.remove()

    def close(self) -> None:
        """Let go of the file and the journal."""
        self._file.close()
        self._journal.close()

    def _write(self, tags: dict[int, Value]) -> tuple[int, int]:
        """Write a directory; return where it lies, and where the next one's place stands."""
        self._file.append(b"\0" * (-self._file.end % 8))
        place = self._file.end
        self._file.append(self._encoder.directory(place, tags))
        return place, next_at(place, len(tags))

    def _description(self) -> str:
        coding = self._image.levels[0].coding
        source = self._image.source
        return ome_xml(
            source.index,
            source.name,
            samples=coding.samples,
            bits=coding.bits,
            big_endian=self._image.order == ">",
        )

    def _tags(self, number: int, plane: int) -> dict[int, Value]:
        make, level = self._encoder, self._image.levels[number]
        coding = level.coding
        tags: dict[int, Value] = {
            Code.SUBFILE_TYPE: make.longs([_REDUCED if number else 0]),
            Code.WIDTH: make.longs([level.width]),
            Code.HEIGHT: make.longs([level.height]),
            Code.BITS_PER_SAMPLE: make.shorts(*[coding.bits] * coding.samples),
            Code.COMPRESSION: make.shorts(_compression(level)),
            Code.PHOTOMETRIC: make.shorts(_PHOTOMETRIC[_colour(level)]),
            Code.SAMPLES_PER_PIXEL: make.shorts(coding.samples),
            Code.PLANAR: make.shorts(1),
            Code.SOFTWARE: make.text(f"labsight {__version__}"),
        }
        if coding.predictor != 1:
            tags[Code.PREDICTOR] = make.shorts(coding.predictor)
        if _colour(level) == "ycbcr":
            tags[_YCBCR_SUBSAMPLING] = make.shorts(*level.sampling)
        if self._image.source.icc:
            tags[Code.ICC_PROFILE] = make.undefined(self._image.source.icc)
        return tags | self._resolution(level) | self._places(number, plane)

    def _resolution(self, level: TiffLevel) -> dict[int, Value]:
        index, make = self._image.source.index, self._encoder
        if index.mpp is None:
            return {}
        sizes = (level.width, level.height), (index.width, index.height)
        across, down = (
            10_000 / mpp * own / finest for mpp, own, finest in zip(index.mpp, *sizes, strict=True)
        )
        return {
            Code.X_RESOLUTION: make.rational(across),
            Code.Y_RESOLUTION: make.rational(down),
            Code.RESOLUTION_UNIT: make.shorts(_CENTIMETRE),
        }

    def _places(self, number: int, plane: int) -> dict[int, Value]:
        """Return the tables of a level, and what its tiles share."""
        make, level = self._encoder, self._image.levels[number]
        layer = number * self._image.planes + plane
        count = level.columns * level.rows
        offsets, sizes = self._journal.places(layer)
        if self.has(layer, count):  # the background tile
            for tile in range(count):
                if not sizes[tile]:
                    offsets[tile], sizes[tile] = offsets[count], sizes[count]
        places, lengths = make.places(offsets[:count]), make.longs(sizes[:count])
        if level.strips:
            tags: dict[int, Value] = {
                Code.ROWS_PER_STRIP: make.longs([level.tile_height]),
                Code.STRIP_OFFSETS: places,
                Code.STRIP_LENGTHS: lengths,
            }
        else:
            tags = {
                Code.TILE_WIDTH: make.longs([level.tile_width]),
                Code.TILE_HEIGHT: make.longs([level.tile_height]),
                Code.TILE_OFFSETS: places,
                Code.TILE_LENGTHS: lengths,
            }
        if level.copied and level.coding.kind == "jpeg":
            head = self._image.source.index.levels[number].planes[plane].head
            tables = head[2:].removeprefix(jpeg.ADOBE_RGB)
            if tables:
                tags[Code.JPEG_TABLES] = make.undefined(jpeg.SOI + tables + jpeg.EOI)
        return tags


def _colour(level: TiffLevel) -> str:
    """Return what the samples are once a reader has decoded them."""
    if level.coding.kind == "jpeg2000" and level.transformed:
        return "rgb"
    return level.coding.colour


def _compression(level: TiffLevel) -> int:
    if level.coding.kind != "jpeg2000":
        return _COMPRESSION[level.coding.kind]
    if level.coding.samples == 1:
        return _J2K
    return _J2K_RGB if _colour(level) == "rgb" else _J2K_YCBCR
