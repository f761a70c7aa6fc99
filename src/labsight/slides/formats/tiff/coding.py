"""How the pixels of a TIFF directory are coded, where that can be read chunk by chunk.

Tags: TIFF 6.0 (Adobe, 1992), its supplements 1 and 2 and Technical Note 2; compressions 33003 and
33005 are Aperio's JPEG 2000 of YCbCr and RGB (https://openslide.org/formats/aperio/).
"""

from labsight.slides.formats.pyramid import LeftToOpenSlide
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.tags import Code, Directory
from labsight.slides.index import Coding

MAX_SAMPLES = 64
INVERTED, GREY, RGB, YCBCR = 0, 1, 2, 6  # PhotometricInterpretation
_SEPARATE = 2  # PlanarConfiguration
_UNSIGNED, _SIGNED, _UNDEFINED = 1, 2, 4  # SampleFormat

KINDS = {
    1: "none", 5: "lzw", 7: "jpeg", 8: "deflate", 32773: "packbits", 32946: "deflate",
    33003: "jpeg2000", 33005: "jpeg2000", 34712: "jpeg2000", 50000: "zstd",
}  # fmt: skip
_J2K_COLOURS = {33003: "ycbcr", 33005: "rgb"}
_PREDICTED = ("lzw", "deflate", "zstd")
_OWN_HEADER = ("jpeg", "jpeg2000")  # streams that tell sizes, colours and byte order themselves


def coding_of(tiff: Tiff, directory: Directory) -> tuple[Coding, int]:
    """Return the coding of a directory, and how many planes its samples are stored apart in.

    Raises LeftToOpenSlide for what cannot be shown by range.
    """
    compression = tiff.number(directory, Code.COMPRESSION, 1)
    kind = KINDS.get(compression)
    if kind is None:
        raise LeftToOpenSlide(
            f"its image data has TIFF compression {compression}, which labsight does not read"
        )
    samples = tiff.number(directory, Code.SAMPLES_PER_PIXEL, 1)
    if not 0 < samples <= MAX_SAMPLES:
        raise LeftToOpenSlide(f"it has {samples} samples per pixel")
    bits = _bits(tiff, directory)
    apart = samples if tiff.number(directory, Code.PLANAR, 1) == _SEPARATE else 1
    colour = _colour(tiff, directory, compression, samples if apart == 1 else 1, bits)
    if bits != 8 and (kind == "jpeg" or (kind == "jpeg2000" and samples // apart == 3)):
        raise LeftToOpenSlide(f"its {kind} tiles have samples of {bits} bits")
    if kind not in _OWN_HEADER and tiff.number(directory, Code.FILL_ORDER, 1) != 1:
        raise LeftToOpenSlide("the bits of its samples are stored in reverse (FillOrder 2)")
    order = tiff.byte_order if bits == 16 and kind not in _OWN_HEADER else "<"
    predictor = _predictor(tiff, directory) if kind in _PREDICTED else 1
    return Coding(kind, samples // apart, bits, colour, order, predictor), apart


def _bits(tiff: Tiff, directory: Directory) -> int:
    found = set(tiff.numbers(directory, Code.BITS_PER_SAMPLE, MAX_SAMPLES)) or {1}
    formats = set(tiff.numbers(directory, Code.SAMPLE_FORMAT, MAX_SAMPLES)) or {_UNSIGNED}
    if found not in ({8}, {16}):
        raise LeftToOpenSlide(f"its samples are of {_listed(found)} bits, not of 8 or 16")
    # Signed samples of 8 bits are shown by their bits, as libtiff and Pillow show them: many
    # writers call plain 8-bit images signed because Java has no other bytes.
    if formats - {_UNSIGNED, _UNDEFINED} and (formats != {_SIGNED} or found != {8}):
        raise LeftToOpenSlide("its samples are no unsigned whole numbers")
    return found.pop()


def _colour(tiff: Tiff, directory: Directory, compression: int, samples: int, bits: int) -> str:
    """Name the colour space of ``samples`` that lie together."""
    photometric = tiff.number(directory, Code.PHOTOMETRIC, GREY)
    apart = tiff.number(directory, Code.PLANAR, 1) == _SEPARATE
    if samples == 3 and compression in _J2K_COLOURS:
        return _J2K_COLOURS[compression]
    if samples == 3 and photometric == RGB:
        return "rgb"
    if samples == 3 and photometric == YCBCR and KINDS[compression] in _OWN_HEADER:
        return "ycbcr"
    if samples == 1 and photometric in {INVERTED, GREY}:
        return "inverted" if photometric == INVERTED else "grey"
    if samples == 1 and apart and photometric == RGB and bits == 16:
        return "grey"  # fluorescence that its writer called R, G and B
    raise LeftToOpenSlide(
        f"its {samples} samples of photometric kind {photometric}"
        + (", stored in separate planes," if apart else "")
        + " are none that can be shown tile by tile"
    )


def _predictor(tiff: Tiff, directory: Directory) -> int:
    predictor = tiff.number(directory, Code.PREDICTOR, 1)
    if predictor not in {1, 2}:
        raise LeftToOpenSlide(f"its image data has predictor {predictor}")
    return predictor


def _listed(numbers: set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)[:4]))
