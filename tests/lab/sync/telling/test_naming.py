"""Slides are called by what people would look for."""

import pytest

from labsight_lab.sync.look.group import Group
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.telling.naming import told


def group(kind: str, place: str, *paths: str) -> Group:
    return Group(place=place, kind=kind, members=tuple(Seen(path, 1, 1) for path in paths))


@pytest.mark.parametrize(
    ("slide", "name"),
    [
        (group("file", "a/x.svs", "a/x.svs"), "a/x.svs"),
        (group("file", "a\n.svs", "a\n.svs"), "a\\n.svs"),
        (group("mrxs", "a/s1/", "a/s1.mrxs", "a/s1/0.dat"), "a/s1.mrxs with 1 more file"),
        (group("vsi", "_x_/", "x.vsi", "_x_/1", "_x_/2"), "x.vsi with 2 more files"),
        (group("ome-tiff", "x.ome/", "x.ome.tif"), "x.ome.tif"),
        (group("tif-folder", "p/1/", "p/1/metadata.txt", "p/1/img_0.tif"), "p/1/ with 2 files"),
        (
            group("dicom", "d/series-1a2b3c4d/", "d/1.dcm", "d/2.dcm"),
            "d/: a DICOM series of 2 files (series-1a2b3c4d)",
        ),
    ],
)
def test_a_slide_has_a_name(slide: Group, name: str) -> None:
    assert told(slide) == name
