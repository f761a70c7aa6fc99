from labsight.objects import ObjectInfo
from labsight_lab.register.heads import reader
from labsight_lab.register.looking import Looker
from labsight_lab.sync.look.heads import Head
from labsight_lab.sync.look.scan import Seen
from tests.lab.register.archive import Shelf, key
from tests.support.dicom_samples import coloured
from tests.support.ome_sets import make_set
from tests.support.vms import make_vms

FILES = {
    "1.dcm": coloured().content(),
    "none.dcm": b"no DICOM",
    "empty.dcm": b"",
    **make_set(["a.ome.tif", "b.ome.tif"]),
    **make_vms("x"),
}


def heads(shelf: Shelf, *paths: str) -> dict[str, Head | OSError]:
    objects: dict[str, ObjectInfo] = {path: shelf.head(key(path)) for path in paths}
    seen = [Seen(path, info.size, 0) for path, info in objects.items()]
    return reader(Looker(shelf), objects)(seen)


def test_heads_of_objects_are_those_of_files() -> None:
    shelf = Shelf()
    shelf.put_all(FILES)
    assert heads(shelf, "1.dcm", "none.dcm", "empty.dcm", "a.ome.tif", "x.vms") == {
        "1.dcm": Head(series="1.2.3"),
        "none.dcm": Head(),
        "empty.dcm": Head(),
        "a.ome.tif": Head(needs=("a.ome.tif", "b.ome.tif"), called="a.ome.tif"),
        "x.vms": Head(needs=("x_0.jpg", "x_map.jpg")),
    }


def test_a_head_takes_few_reads_however_large_the_object_is() -> None:
    shelf = Shelf()
    shelf.put("1.dcm", FILES["1.dcm"] + bytes(20 << 20))
    assert heads(shelf, "1.dcm")["1.dcm"] == Head(series="1.2.3")
    assert shelf.reads <= 2


def test_an_object_that_cannot_be_read_is_told_as_a_file_is() -> None:
    shelf = Shelf()
    shelf.put("1.dcm", FILES["1.dcm"])
    info = shelf.head(key("1.dcm"))
    shelf.delete(key("1.dcm"))
    found = reader(Looker(shelf), {"1.dcm": info})([Seen("1.dcm", info.size, 0)])
    assert "no such object" in str(found["1.dcm"])


def test_nothing_to_read_asks_nothing() -> None:
    assert reader(Looker(Shelf()), {})([]) == {}
