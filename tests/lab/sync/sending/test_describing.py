"""What is said beside a file and in a unit.json: all of it ASCII, little of it, and true."""

import json
from pathlib import Path

import pytest

from labsight.objects.metadata import encoded
from labsight.slides import units
from labsight_lab.sync.journal.entries import Entry, State
from labsight_lab.sync.look.group import LONE_FILE, Group
from labsight_lab.sync.look.ids import Ids
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.sending.describing import Describer, unnameable
from labsight_lab.sync.sending.verdict import Verdict
from labsight_lab.sync.source import Fingerprint, written
from tests.lab.support import LONG_AGO

MTIME = LONG_AGO * 10**9


def describer(pattern: str | None = None, host: str = "scanner-pc") -> Describer:
    return Describer(folder=Path("/lab"), source="scanner-1", host=host, ids=Ids(pattern))


def lone(path: str) -> tuple[Group, Seen]:
    seen = Seen(path, 10, MTIME)
    return Group(place=path, kind=LONE_FILE, members=(seen,)), seen


def test_a_lone_file_is_sent_with_its_time_its_host_and_its_ids() -> None:
    about = describer(r"(?P<case>[^/]+)/(?P<slide>\w+)\.svs$", host="Büro 1")
    sent = about.file(*lone("Fall 7/ä1.svs"), Verdict(incomplete="it lacks a tile"))
    assert sent.metadata["mtime-ns"] == str(MTIME)
    assert sent.metadata["host"] == "B%C3%BCro%201"
    assert sent.metadata["labsight-case-id"] == "Fall%207"
    assert sent.metadata["labsight-slide-id"] == "%C3%A41"
    assert sent.metadata["labsight-incomplete"] == "it%20lacks%20a%20tile"
    assert sent.content_type == "image/tiff"
    assert (sent.folder, sent.path) == (Path("/lab"), "Fall 7/ä1.svs")
    assert sent.unit == ""


def test_where_a_lone_file_comes_from_is_sent_if_the_lab_tells_it() -> None:
    about = describer(r"(?P<scanner>[^/]+)/")
    assert about.file(*lone("Gerät 2/a.svs"), Verdict()).metadata["labsight-scanner"] == (
        "Ger%C3%A4t%202"
    )
    assert "labsight-scanner" not in about.file(*lone("a.svs"), Verdict()).metadata


IDS = r"(?P<case>[^/]{0,64})/(?P<slide>[^/]{0,64})/(?P<scanner>[^/]{0,64})/"


@pytest.mark.parametrize("letter", ["標", "a"])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_what_is_said_fits_into_what_s3_takes(letter: str, depth: int) -> None:
    about = describer(IDS if depth == 3 else r"(?P<case>.{0,64})", host="標" * 200)
    path = f"{letter * 64}/" * depth + "a.svs"
    sent = about.file(*lone(path), Verdict(incomplete="ü" * 5000))
    said = "".join(f"x-amz-meta-{key}{value}" for key, value in sent.metadata.items())
    assert said.isascii()
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
    assert len(said) <= 2048
    assert sent.metadata["labsight-incomplete"].startswith("%C3%BC%C3%BC")
    assert sent.metadata["host"] == "%E6%A8%99" * 7
    if depth == 3:
        assert sent.metadata["labsight-scanner"] == encoded(letter * 64)


def test_a_part_names_its_unit_and_no_ids() -> None:
    seen = Seen("a/s1/Data0000.dat", 10, MTIME)
    group = Group(place="a/s1/", kind="mrxs", members=(seen,))
    sent = describer(r"(?P<case>a)").file(group, seen, Verdict(declared={seen.path: 7}))
    assert sent.metadata["labsight-unit"] == "slides/scanner-1/a/s1/unit.json"
    assert "labsight-case-id" not in sent.metadata
    assert sent.content_type == "application/octet-stream"
    assert (sent.unit, sent.declared) == ("a/s1/", 7)


def entry(path: str, revision: int, crc64: int) -> Entry:
    return Entry(
        path=path,
        key=f"slides/scanner-1/{path}",
        fingerprint=Fingerprint(10, MTIME),
        state=State.UPLOADED,
        revision=revision,
        crc64=crc64,
    )


def test_a_unit_names_its_members_in_order_with_revision_and_checksum() -> None:
    members = (Seen("a/s1.mrxs", 10, MTIME), Seen("a/s1/Mu\u0308ller.dat", 10, MTIME))
    group = Group(place="a/s1/", kind="mrxs", members=members)
    entries = [entry(members[0].path, 1, 5), entry(members[1].path, 2, 2**64 - 1)]
    about = describer(r"(?P<case>a)/(?P<slide>s1)\.mrxs")
    sent = about.unit(group, entries, "digest", Verdict(incomplete="it lacks a file"))
    told = units.read(sent.data)
    assert (told.kind, told.case_id, told.slide_id) == ("mrxs", "a", "s1")
    assert (told.scanner, told.incomplete) == ("scanner-1", "it lacks a file")
    first, second = told.members
    assert (first.path, first.revision, first.checksum) == ("a/s1.mrxs", 1, written(5))
    assert (second.path, second.revision) == ("a/s1/M\u00fcller.dat", 2)
    assert second.checksum == written(2**64 - 1)
    assert json.loads(sent.data)["labsight_unit"] == 1
    assert sent.fingerprint == Fingerprint(len(sent.data), MTIME)
    assert (sent.path, sent.key(), sent.members) == (
        "a/s1/",
        "slides/scanner-1/a/s1/unit.json",
        "digest",
    )


def test_a_name_that_is_no_text_can_be_a_member() -> None:
    path = "s1/\udcff.dat"
    group = Group(place="s1/", kind="mrxs", members=(Seen(path, 10, MTIME),))
    sent = describer().unit(group, [entry(path, 1, 5)], "digest", Verdict())
    assert units.member_keys(sent.key(), units.read(sent.data))[0].endswith("/%ED%B3%BF.dat")


def unit_of(count: int, *, name: str = "Data") -> Group:
    members = tuple(Seen(f"a/s1/{name}{number:05}.dat", 10, MTIME) for number in range(count))
    return Group(place="a/s1/", kind="mrxs", members=members)


def test_a_unit_whose_names_are_too_long_is_known_before_it_is_sent() -> None:
    assert unnameable(unit_of(20_000)) is None
    trouble = unnameable(unit_of(20_000, name="x" * 900))
    assert trouble is not None
    assert "its unit.json would have 19.4 MiB, and may have 16" in trouble
    assert "the paths of its 20,000 files are too long" in trouble
    group = unit_of(1)
    lone_one = Group(place="a.svs", kind=LONE_FILE, members=group.members * 20_000)
    assert unnameable(lone_one) is None


@pytest.mark.parametrize("fits", [True, False])
def test_what_is_known_before_is_what_the_importer_takes(
    fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = unit_of(20, name='\udcff\u0308"')
    entries = [entry(seen.path, 1, 2**64 - 1) for seen in group.members]
    about = describer()
    data = about.unit(group, entries, "", Verdict()).data
    told = len(b' "scanner": "scanner-1",\n')
    monkeypatch.setattr(units, "MAX_BYTES", len(data) - told - (0 if fits else 1))
    assert (unnameable(group) is None) is fits


@pytest.mark.parametrize(
    ("limit", "most", "reason"),
    [
        ("MAX_BYTES", 300, "its unit.json would have"),
        ("MAX_MEMBERS", 1, "2 files belong to it, with those that were removed here; at most 1"),
    ],
)
def test_a_unit_that_the_importer_would_not_take_is_refused(
    limit: str, most: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = unit_of(2)
    entries = [entry(seen.path, 1, 5) for seen in group.members]
    assert describer().unit(group, entries, "", Verdict()).refused == ""
    monkeypatch.setattr(units, limit, most)
    assert reason in describer().unit(group, entries, "", Verdict()).refused


def test_a_unit_tells_as_much_of_why_it_is_not_whole_as_can_be_read_back() -> None:
    group = unit_of(1)
    verdict = Verdict(incomplete="x" * 5000)
    sent = describer().unit(group, [entry(group.members[0].path, 1, 5)], "", verdict)
    assert units.read(sent.data).incomplete == "x" * 600
