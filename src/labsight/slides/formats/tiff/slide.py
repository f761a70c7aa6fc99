"""Reads slides in TIFF files of every kind, by range."""

from labsight.slides.formats.metadata import ScanData
from labsight.slides.formats.pyramid import LeftToOpenSlide
from labsight.slides.formats.structure import Structure
from labsight.slides.formats.tiff import aperio, generic, leica, ome, philips
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.ndpi import read_ndpi
from labsight.slides.formats.tiff.ome_files import OpenOther
from labsight.slides.formats.tiff.tags import Code
from labsight.slides.ranges import Bytes

_HEAD = 4000  # characters of a text that tell what it is
_LOOKED_AT = 4  # directories; a Ventana file's first ones are label and macro

# Formats whose tiles overlap by what only their own metadata tells (Ventana), or that say how in no
# way that is known for sure (Trestle).
_FILE_BOUND_MARKS = ("<iScan", "Trestle", "MedScan")


def read_tiff(data: Bytes, open_other: OpenOther | None = None) -> Structure:
    """Return what a TIFF file is made of; raise NotASlide, DamagedSlide or UnsupportedSlide.

    ``open_other`` opens a file of the same set by its name (OME-TIFF): it returns the file's number
    among the slide's and its bytes, None when there is none; ``data`` is number 0. A file whose
    pixels cannot be read by range comes back without levels.
    """
    tiff = Tiff(data)
    if Code.NDPI_FORMAT in tiff.directories[0]:
        return read_ndpi(tiff)
    first = tiff.directories[0]
    description = tiff.text(first, Code.DESCRIPTION, _HEAD)
    scan = generic.scan_data(tiff, first)
    if description.startswith(aperio.MARK):
        scan = aperio.scan_data(tiff.text(first, Code.DESCRIPTION))
    try:
        return _read(tiff, description, scan, open_other)
    except LeftToOpenSlide as error:
        return Structure(scan=scan, reason=str(error))


def _read(tiff: Tiff, description: str, scan: ScanData, open_other: OpenOther | None) -> Structure:
    """Let the reader of the file's kind look; raise LeftToOpenSlide."""
    mark = _file_bound_mark(tiff, description)
    if mark:
        raise LeftToOpenSlide(f"it is of a format that only OpenSlide reads ({mark})")
    if description.startswith(aperio.MARK):
        return aperio.read_aperio(tiff, scan)
    if philips.is_philips(tiff):
        return philips.read_philips(tiff)
    if leica.NAMESPACE in description:
        return leica.read_leica(tiff)
    if "<OME" in description[:2000]:
        root = ome.parse(tiff)
        if root is not None:
            return ome.read_ome(tiff, root, scan, open_other)
    return generic.read_generic(tiff, scan)


def _file_bound_mark(tiff: Tiff, description: str) -> str:
    first = tiff.directories[0]
    texts = [
        description,
        tiff.text(first, Code.SOFTWARE, _HEAD),
        tiff.text(first, Code.MAKE, _HEAD),
    ]
    texts += [tiff.text(one, Code.XMP, _HEAD) for one in tiff.directories[:_LOOKED_AT]]
    return next((mark for mark in _FILE_BOUND_MARKS if any(mark in text for text in texts)), "")
