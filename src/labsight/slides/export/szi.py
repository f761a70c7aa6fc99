"""The Smart Zoom Image: a Deep Zoom pyramid in one ZIP file without compression.

https://github.com/smartinmedia/SZI-Format: a root folder that holds the pyramid's descriptor, its
tiles, scan-properties.xml and, beside them, associated_images. ``libvips dzsave`` writes the same.
"""

from xml.sax.saxutils import escape

from labsight import __version__
from labsight.slides import geometry
from labsight.slides.export.deep_zoom import Files, grid_of, plan
from labsight.slides.export.native import associated
from labsight.slides.export.options import Options
from labsight.slides.export.plan import Plan
from labsight.slides.export.source import ExportSource
from labsight.slides.index import SlideIndex

_SUFFIX = ".jpeg"  # what the descriptor's Format names, and all known writers use


def szi_plan(source: ExportSource, options: Options, name: str) -> Plan:
    """Plan a pyramid in the folder ``name``."""
    grid = grid_of(source, options)
    xml = geometry.deep_zoom_xml(source.index, grid.width, grid.overlap)
    files = {
        f"{name}/{name}.dzi": xml.replace(b'Format="jpg"', b'Format="jpeg"'),
        f"{name}/scan-properties.xml": scan_properties(source.index),
    }
    for kind, (_, data) in associated(source, labels=options.labels).items():
        files[f"{name}/associated_images/{kind}.jpg"] = data
    contents = Files(tuple(files), tuple(files.values()))
    return plan(source, options, f"{name}/{name}_files/", _SUFFIX, contents)


def scan_properties(index: SlideIndex) -> bytes:
    """Return scan-properties.xml: what is known of the scan, and nothing that names a person."""
    mpp = index.mpp
    told = {
        "ImageWidth": f"{index.width}",
        "ImageHeight": f"{index.height}",
        "MicronsPerPixel": f"{sum(mpp) / 2:.9g}" if mpp else None,
        "MicronsPerPixelX": f"{mpp[0]:.9g}" if mpp else None,
        "MicronsPerPixelY": f"{mpp[1]:.9g}" if mpp else None,
        "ObjectiveMagnification": f"{index.magnification:.9g}" if index.magnification else None,
        "VendorName": index.vendor,
        "TimeStart": index.scanned_at[:19] if index.scanned_at else None,
        "SoftwareName": f"labsight {__version__}",
    }
    lines = "".join(
        f"    <property><name>{name}</name><value>{escape(value)}</value></property>\n"
        for name, value in told.items()
        if value
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<image xmlns="http://www.pathozoom.com/szi" version="1.0">\n'
        f"  <properties>\n{lines}  </properties>\n</image>\n"
    ).encode()
