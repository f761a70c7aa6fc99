"""What is noted beside an object: written so that S3 takes it, read as the catalog takes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight import keys
from labsight.objects import metadata
from labsight.objects.metadata import Declared

anything = st.text(st.characters(codec=None), max_size=60)


@given(value=anything)
def test_a_value_is_ascii_on_its_way_and_leads_back(value: str) -> None:
    written = metadata.encoded(value)
    assert written.isascii()
    assert written.isprintable()
    assert " " not in written
    assert metadata.decoded(written) == value


def test_plain_values_are_left_as_they_are() -> None:
    assert metadata.encoded("S26-01234_A1.2~x/y") == "S26-01234_A1.2~x/y"
    assert metadata.encoded(" ä%7") == "%20%C3%A4%257"


@given(text=anything)
def test_what_others_wrote_is_read_as_it_can_be(text: str) -> None:
    found = metadata.declared({metadata.CASE_ID: text, metadata.INCOMPLETE: text})
    for told in (found.case_id, found.incomplete):
        assert told is None or (told == told.strip() and told == keys.printable(told))


@pytest.mark.parametrize(
    ("written", "read"),
    [("S26-1", "S26-1"), ("%C3%A4", "ä"), ("a%CC%88", "ä"), ("%20 x%0A", "x"), ("%FF", "\ufffd"),
     ("a%00b", "a\ufffdb"), ("", None), ("%20", None), ("7" * 300, "7" * 200), ("100%", "100%")],
)  # fmt: skip
def test_an_id_is_made_fit_for_the_catalog(written: str, read: str | None) -> None:
    assert metadata.declared({metadata.CASE_ID: written}) == Declared(case_id=read)
    assert metadata.declared({metadata.SLIDE_ID: written}) == Declared(slide_id=read)


def test_a_reason_may_be_longer_than_an_id() -> None:
    assert metadata.clean(None, None, "x" * 2000) == Declared(incomplete="x" * 1000)


def test_nothing_declared_is_nothing() -> None:
    assert metadata.declared({"mtime-ns": "7", "x": "%"}) == Declared()
    assert metadata.unit_of({"labsight-case-id": "7"}) is None


def test_a_part_tells_its_unit() -> None:
    key = keys.unit_key("lab", "Fälle/a b/s1")
    sent = metadata.of_part(key)
    assert sent == {"labsight-unit": "slides/lab/F%C3%A4lle/a%20b/s1/unit.json"}
    assert metadata.unit_of(sent) == key
    assert metadata.unit_of({metadata.UNIT: ""}) == ""
    assert metadata.unit_of({metadata.UNIT: "a%0Ab"}) == "a\ufffdb"


def test_a_part_of_a_unit_with_a_long_name_fits_into_what_s3_takes() -> None:
    key = keys.unit_key("lab", "日" * 300)
    sent = metadata.of_part(key)
    assert sent == {metadata.UNIT: keys.slide_id(key)}
    longest = keys.unit_key("lab", "/".join(["x" * 199] * 5))
    size = sum(len(name) + len(value) for name, value in metadata.of_part(longest).items())
    assert size < metadata.MAX_BYTES


@pytest.mark.parametrize("letter", ["x", "日", "\U0001f52c"])
def test_all_that_is_sent_with_a_file_fits_into_what_s3_takes(letter: str) -> None:
    slide = Declared("日" * metadata.MAX_ID, "日" * metadata.MAX_ID, f"it lacks {letter * 2000}")
    sent = metadata.of_slide(slide) | {
        metadata.MTIME_NS: str(1 << 63),
        metadata.AGENT: "labsight 10.20.30",
        metadata.HOST: "h" * 63,
    }
    assert sum(len(name) + len(value) for name, value in sent.items()) <= metadata.MAX_BYTES
    read = metadata.declared(sent)
    assert (read.case_id, read.slide_id) == (slide.case_id, slide.slide_id)
    assert read.incomplete is not None
    assert read.incomplete.rstrip(letter) == "it lacks "
    assert len(read.incomplete) > 50


@given(slide=st.builds(Declared, *[st.text("aä 日", min_size=1, max_size=9).map(str.strip)] * 3))
def test_what_is_declared_comes_back(slide: Declared) -> None:
    read = metadata.declared(metadata.of_slide(slide))
    assert read == metadata.clean(slide.case_id, slide.slide_id, slide.incomplete)


def test_nothing_declared_is_not_sent() -> None:
    assert metadata.of_slide(Declared()) == {}
    assert metadata.of_slide(Declared(case_id="7")) == {"labsight-case-id": "7"}
