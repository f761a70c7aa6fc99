"""What is said beside a file and in a unit.json: all of it ASCII, little of it, and true."""

import json
from pathlib import Path

import pytest

from labsight.slides import units
from labsight_lab.sync.journal.entries import Entry, State
from labsight_lab.sync.look.group import LONE_FILE, Group
from labsight_lab.sync.look.ids import Ids
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.sending.describing import Describer
from labsight_lab.sync.sending.source import Fingerprint, written
from labsight_lab.sync.sending.verdict import Verdict
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
    assert sent.file == Path("/lab/Fall 7/ä1.svs")
    assert sent.unit == ""


@pytest.mark.parametrize("name", ["標" * 80 + ".svs", "a.svs"])
def test_what_is_said_fits_into_what_s3_takes(name: str) -> None:
    about = describer(r"(?P<case>.{0,64})", host="標" * 200)
    sent = about.file(*lone(name), Verdict(incomplete="ü" * 5000))
    said = "".join(f"{key}{value}" for key, value in sent.metadata.items())
    assert said.isascii()
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
    assert len(said) <= 2048


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
