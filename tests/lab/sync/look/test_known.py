"""What the journal knows is not read again, and belongs together as it did."""

from collections.abc import Sequence
from pathlib import Path

from labsight_lab.sync.look.groups import Grouper, grouped
from labsight_lab.sync.look.heads import Head, Heads
from labsight_lab.sync.look.scan import Seen
from tests.lab.sync.look.made import (
    SERIES,
    SET,
    below,
    named,
    no_heads,
    only,
    paths,
    told,
)
from tests.support.dicom_samples import coloured
from tests.support.laid import lay
from tests.support.ome_sets import make_set
from tests.support.vms import make_vms


def test_what_the_journal_knows_is_not_opened(tmp_path: Path) -> None:
    one = {"a/1.dcm": coloured().content(), "a/2.dcm": coloured().content()}
    files = one | below("b", make_set(SET)) | below("c", make_vms("x")) | {"d/lone.ome.tif": b"1"}
    seen = lay(tmp_path, files)
    first = Grouper(tmp_path).grouped(seen, lambda _: None)
    journal = {
        member.path: "" if group.kind == "file" else group.place
        for group in first.groups
        for member in group.members
    }
    for path in files:
        (tmp_path / path).unlink()
    again = Grouper(tmp_path).grouped(seen, lambda one: journal.get(one.path))
    assert again.problems == []
    assert told(again) == told(first)


def test_a_new_file_of_a_known_set_has_all_of_it_read_again(tmp_path: Path) -> None:
    four = [*SET, "s_3.ome.tif"]
    seen = lay(tmp_path, below("a", make_set(four)))
    journal = {f"a/{name}": "a/s_0/" for name in SET}
    asked: list[str] = []

    def read(files: Sequence[Seen]) -> Heads:
        asked.extend(one.path for one in files)
        return {one.path: Head(needs=tuple(four)) for one in files}

    found = grouped(seen, read, lambda one: journal.get(one.path))
    assert sorted(asked) == [f"a/{name}" for name in four]
    assert paths(only(found)) == [f"a/{name}" for name in four]


def test_a_changed_image_of_a_known_list_has_the_list_read_again(tmp_path: Path) -> None:
    seen = lay(tmp_path, make_vms("x"))
    journal = {"x.vms": "x/", "x_map.jpg": "x/"}
    found = Grouper(tmp_path).grouped(seen, lambda one: journal.get(one.path))
    assert paths(only(found)) == ["x.vms", "x_0.jpg", "x_map.jpg"]


def test_a_known_series_goes_on_while_a_new_file_cannot_be_read(tmp_path: Path) -> None:
    seen = named("a/1.dcm", "a/2.dcm")
    found = Grouper(tmp_path).grouped(seen, {seen[0]: SERIES}.get)
    assert only(found).missing == ()
    assert [one.path for one in found.problems] == ["a/2.dcm"]


def test_parts_of_a_unit_whose_index_is_gone_are_no_news() -> None:
    found = grouped(named("y.vms", "x_0.jpg"), no_heads, lambda one: one.path[0] + "/")
    assert told(found) == {"y/": ("vms", ["y.vms"])}
