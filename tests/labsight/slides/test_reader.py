"""Slides opened from Python: the same pixels from a path, a bucket, a web server, a descriptor."""

import base64
import io
import json
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import labsight.slides
from labsight.errors import (
    DamagedSlide,
    InvalidInput,
    NotASlide,
    NotFound,
    NotPermitted,
    SettingsError,
    StorageUnavailable,
)
from labsight.objects import attempts
from labsight.slides import sidecar
from labsight.slides.indexing import index_of
from labsight.slides.pixels import runs
from labsight.slides.reader import Slide
from labsight.slides.sources import find
from tests.support.made_slides import Pixels, make_svs, picture
from tests.support.made_tiffs import make_ome
from tests.support.range_server import Files, Handler, failing, serving

SIZE = (1000, 700)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "wait", lambda _: None)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


@pytest.fixture(scope="module")
def svs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slides")
    return make_svs(folder / "made slide.svs", size=SIZE, empty_tiles=[(0, 1, 1)])


@pytest.fixture
def files(svs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    with serving() as served:
        served.contents["/archive/a/made slide.svs"] = svs.read_bytes()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", served.url)
        yield served


@pytest.fixture(params=["path", "file", "s3", "http"])
def uri(request: pytest.FixtureRequest, svs: Path, files: Files) -> str:
    return {
        "path": str(svs),
        "file": svs.as_uri(),
        "s3": "s3://archive/a/made slide.svs",
        "http": f"{files.url}/archive/a/made%20slide.svs?token=secret",
    }[str(request.param)]


def expected(level: int = 0) -> Pixels:
    pixels = picture(SIZE)[:: 4**level, :: 4**level].copy()
    if level == 0:
        pixels[240:480, 240:480] = 255
    return pixels


def off(found: Pixels, wanted: Pixels) -> float:
    assert found.shape == wanted.shape
    return float(np.abs(found.astype(int) - wanted.astype(int)).mean())


def test_a_slide_tells_what_it_is_wherever_it_lies(uri: str) -> None:
    with labsight.slides.open(uri) as slide:
        assert [(level.width, level.height) for level in slide.levels] == [(1000, 700), (250, 175)]
        assert (slide.width, slide.height) == SIZE
        assert (slide.mpp, slide.magnification) == ((0.5, 0.5), 20.0)
        assert (slide.channels, slide.axes.z, slide.icc) == ((), 1, b"")
        assert slide.associated == ("label", "macro")
        assert repr(slide) == "<Slide 'made slide.svs', 1000 x 700 px, 2 levels>"
        assert slide.picture("macro").shape == (216, 640, 3)
        assert slide.thumbnail(100).shape == (70, 100, 3)


def test_regions_are_the_pixels_of_that_place(uri: str) -> None:
    with labsight.slides.open(uri) as slide:
        found = slide.region(0, 100, 50, 600, 500)
        assert found.dtype == np.uint8
        assert found.flags.writeable
        assert off(found, expected()[50:550, 100:700]) < 2.5
        assert off(slide.region(1, 0, 0, 250, 175), expected(1)) < 8
        assert np.array_equal(slide.samples(0, 100, 50, 60, 50), found[:50, :60])


def test_what_lies_outside_is_background(svs: Path) -> None:
    with labsight.slides.open(svs) as slide:
        found = slide.region(0, 950, -10, 100, 60)
        assert (found[:, 50:] == 255).all()
        assert (found[:10] == 255).all()
        assert (found[10:, :50] != 255).any()


def test_tiles_come_as_they_are_stored_edges_cut_and_blanks_filled(uri: str) -> None:
    with labsight.slides.open(uri) as slide:
        level = slide.levels[0]
        places = [(column, row) for row in range(level.rows) for column in range(level.columns)]
        found = dict(zip(places, slide.tiles(0, places), strict=True))
        assert found[0, 0] == slide.tile(0, 0, 0)
        for (column, row), data in found.items():
            image = Image.open(io.BytesIO(data))
            assert image.size == level.tile_size(column, row)
            x, y = column * 240, row * 240
            assert off(np.asarray(image), expected()[y : y + 240, x : x + 240]) < 2.5


def test_neighbouring_tiles_share_a_request(files: Files) -> None:
    with labsight.slides.open("s3://archive/a/made slide.svs") as slide:
        files.asked.clear()
        assert len(list(slide.tiles(0, [(column, 0) for column in range(4)]))) == 4
        assert len(files.asked) == 1


def test_requests_to_a_server_run_side_by_side(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MAX_RUN_BYTES", 6)  # every tile a request
    with labsight.slides.open("s3://archive/a/made slide.svs") as slide:
        files.delay = 0.05
        for read in (
            lambda: slide.region(0, 0, 0, 960, 240),
            lambda: list(slide.tiles(0, [(column, 0) for column in range(4)])),
        ):
            files.most_at_once = 0
            files.asked.clear()
            read()
            assert (len(files.asked), files.most_at_once) == (4, 4)


def test_threads_share_a_slide(files: Files) -> None:
    wrong: list[int] = []
    with labsight.slides.open("s3://archive/a/made slide.svs") as slide:
        whole = slide.region(0, 0, 0, 1000, 700)

        def same(x: int) -> bool:
            found = slide.region(0, x, x // 2, 90, 80)
            return np.array_equal(found, whole[x // 2 : x // 2 + 80, x : x + 90])

        def work(seed: int) -> None:
            wrong.extend(x for x in range(seed, 700, 97) if not same(x))

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert files.connections <= 30


def test_a_slide_travels_to_another_process(svs: Path) -> None:
    with labsight.slides.open(svs) as slide, closing(pickle.loads(pickle.dumps(slide))) as twin:
        assert np.array_equal(twin.region(1, 0, 0, 99, 99), slide.region(1, 0, 0, 99, 99))


def test_channels_planes_and_times_are_chosen(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).integers(0, 4000, (2, 3, 2, 96, 128), np.uint16)
    data = make_ome(samples, metadata={"axes": "TZCYX", "Channel": {"Name": ["DAPI", "FITC"]}},
                    tile=(64, 64), compression="zlib")  # fmt: skip
    path = tmp_path / "stack.ome.tiff"
    path.write_bytes(data)
    with labsight.slides.open(path) as slide:
        assert [one.name for one in slide.channels] == ["DAPI", "FITC"]
        assert (slide.axes.z, slide.axes.t) == (3, 2)
        assert all(one.window[0] < one.window[1] for one in slide.channels)
        found = slide.samples(0, 5, 7, 100, 80, channel=1, z=2, t=1)
        assert found.dtype == np.uint16
        assert np.array_equal(found, samples[1, 2, 1, 7:87, 5:105])
        named = slide.samples(0, 5, 7, 100, 80, channel="FITC", z=2, t=1)
        assert np.array_equal(named, found)
        with pytest.raises(InvalidInput, match=r"'Cy5': no such channel; .* 0 'DAPI', 1 'FITC'"):
            slide.samples(0, 0, 0, 1, 1, channel="Cy5")
        red = slide.region(0, 0, 0, 128, 96, channels="1:FF0000:0-4000", z=2, t=1)
        assert (red[..., 1:] == 0).all()
        assert off(red[..., 0], (samples[1, 2, 1] * 255.0 / 4000).astype(np.uint8)) <= 1
        one, both = slide.region(0, 0, 0, 9, 9, channels=[0]), slide.region(0, 0, 0, 9, 9)
        assert not np.array_equal(one, both)
        assert Image.open(io.BytesIO(slide.tile(0, 1, 1))).size == (64, 32)
        for wrong in ({"channel": 2}, {"z": 3}, {"t": -1}):
            with pytest.raises(InvalidInput, match="this slide has"):
                slide.samples(0, 0, 0, 1, 1, **wrong)
        with pytest.raises(InvalidInput, match="channels 0 to 1"):
            slide.region(0, 0, 0, 1, 1, channels=[2])


def test_wrong_questions_are_told_what_there_is(svs: Path) -> None:
    slide = labsight.slides.open(svs)
    for ask, kind, message in (
        (lambda: slide.region(2, 0, 0, 1, 1), NotFound, "levels 0 to 1"),
        (lambda: slide.region(0, 0, 0, 0, 1), InvalidInput, "at least one px"),
        (lambda: slide.region(0, 0, 0, 1, 1, channels="0"), InvalidInput, "not channels"),
        (lambda: slide.region(0, 0, 0, 1, 1, z=1), InvalidInput, "z 0 to 0"),
        (lambda: slide.region(0, 0, 0, 10**6, 10**6), InvalidInput, "too many pixels"),
        (lambda: slide.tile(0, 5, 0), NotFound, "5 columns and 3 rows"),
        (lambda: slide.tiles(0, [1]), InvalidInput, r"^1: .* by pairs \(column, row\)"),  # type: ignore[list-item]
        (lambda: slide.tiles(0, 7), InvalidInput, "^7: tiles are asked for"),  # type: ignore[arg-type]
        (lambda: slide.tile(0, "a", 0), InvalidInput, "by pairs"),  # type: ignore[arg-type]
        (lambda: slide.samples(0, 0, 0, 1, 1, channel="red"), InvalidInput, "not channels"),
        (lambda: slide.samples(0, 0, 0, 1, 1, z="a"), InvalidInput, "z a: this"),  # type: ignore[arg-type]
        (lambda: slide.picture("map"), NotFound, "there is: label, macro"),
        (lambda: slide.thumbnail(0), InvalidInput, "one px at least"),
    ):
        with pytest.raises(kind, match=message):
            ask()
    slide.close()
    for ask in (lambda: slide.region(0, 0, 0, 1, 1), lambda: slide.picture("label")):
        with pytest.raises(InvalidInput, match="was closed"):
            ask()


@pytest.mark.parametrize(
    ("uri", "kind", "message"),
    [
        ("gs://bucket/a.svs", InvalidInput, "is no address of a slide: give a path"),
        ("s3://bucket", InvalidInput, "write s3://bucket/key"),
        ("s3://Bad_Bucket/a.svs", InvalidInput, "no name of a bucket"),
        ("s3://archive/nothing.svs", NotFound, "no such object"),
        ("http://example.org/a.svs", InvalidInput, "use https"),
        ("https://me:word@example.org/a.svs", InvalidInput, "'https://example.org/a.svs' is no"),
        ("/nowhere/a.svs", NotFound, "/nowhere/a.svs: no such file"),
        ("file:///nowhere/a.svs", NotFound, "no such file"),
    ],
)
@pytest.mark.usefixtures("files")
def test_a_wrong_address_is_told_as_such(uri: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        labsight.slides.open(uri)


def test_refusals_of_s3_are_told_to_the_reader(files: Files) -> None:
    for odd, kind, message in (
        (failing(403, "AccessDenied"), NotPermitted, "the right AWS_PROFILE"),
        (failing(301), SettingsError, "in another region"),
    ):
        files.odd.append(odd)
        with pytest.raises(kind, match=message):
            labsight.slides.open("s3://archive/a/made slide.svs")
    files.odd.append(failing(400, x_amz_bucket_region="eu-west-3"))
    with labsight.slides.open("s3://archive/a/made slide.svs") as slide:
        assert slide.width == 1000
    assert "eu-west-3/s3/aws4_request" in files.asked[-1][2]["authorization"]


def test_a_file_that_is_no_slide_is_refused(tmp_path: Path, files: Files) -> None:
    text = tmp_path / "notes.svs"
    text.write_text("not a slide at all")
    files.contents["/archive/notes.svs"] = text.read_bytes()
    for uri in (str(text), "s3://archive/notes.svs"):
        with pytest.raises(NotASlide, match=f"^{re.escape(uri)}: "):
            labsight.slides.open(uri)
    with pytest.raises(NotASlide, match=f"^{re.escape(str(text))}: "):
        labsight.slides.open(text.as_uri())


def test_a_file_that_cannot_be_read_is_told_by_its_path(
    svs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("os.open", refused)
        with pytest.raises((NotPermitted, StorageUnavailable)) as told:
            labsight.slides.open(svs)
    assert str(told.value).startswith(f"{svs}: ")
    assert "slides/local" not in str(told.value)


@pytest.mark.parametrize("end", ["", "/direct.json"])
def test_the_reason_of_a_server_is_passed_on(files: Files, end: str) -> None:
    def off(handler: Handler) -> None:
        kind = {"Content-Type": "application/problem+json"}
        handler.say(404, b'{"detail": "direct reading is off"}', kind)

    files.odd.append(off)
    with pytest.raises(NotFound, match="the server says: direct reading is off"):
        labsight.slides.open(f"{files.url}/slides/abcdefghij234567{end}")


def test_a_folder_must_hold_one_slide(tmp_path: Path, svs: Path) -> None:
    with pytest.raises(NotASlide, match="no slide in this folder"):
        labsight.slides.open(tmp_path)
    for name in ("a.svs", "b.svs"):
        (tmp_path / name).write_bytes(svs.read_bytes())
    with pytest.raises(InvalidInput, match="2 slides in this folder: name one"):
        labsight.slides.open(tmp_path)
    (tmp_path / "b.svs").unlink()
    with labsight.slides.open(tmp_path) as slide:
        assert slide.width == 1000


def test_a_file_that_changes_on_its_server_is_not_mixed_with_the_old(files: Files) -> None:
    with labsight.slides.open(f"{files.url}/archive/a/made slide.svs".replace(" ", "%20")) as slide:
        files.etags["/archive/a/made slide.svs"] = '"another"'
        with pytest.raises(Exception, match="changed since it was indexed"):
            slide.region(0, 0, 0, 9, 9)


@pytest.fixture
def direct(files: Files, svs: Path) -> str:
    """A labsight server's descriptor of the slide, with signed addresses."""
    source = find(str(svs))
    index = index_of(source.store, source.indexed(None).index.key).index  # type: ignore[arg-type]
    place = f"{files.url}/archive/a/made%20slide.svs?signed=1"
    etag = files.etag("/archive/a/made slide.svs").strip('"')  # type: ignore[union-attr]
    index = replace(index, files=(replace(index.files[0], etag=etag),))
    files.contents["/slides/abc/direct.json"] = json.dumps(
        {
            "version": index.version,
            "expires_seconds": 3600,
            "files": [place],
            "index": base64.b64encode(sidecar.to_bytes(index)).decode(),
        }
    ).encode()
    return f"{files.url}/slides/abc/direct.json"


def test_a_descriptor_leads_to_tiles_without_reading_the_structure(
    direct: str, files: Files
) -> None:
    with labsight.slides.open(direct) as slide:
        assert len(files.asked) == 1
        assert off(slide.region(0, 100, 50, 600, 500), expected()[50:550, 100:700]) < 2.5
        assert repr(slide).startswith("<Slide 'made slide.svs'")
        assert slide.associated == ()


def test_a_descriptor_is_asked_for_again_when_its_addresses_expire(
    direct: str, files: Files
) -> None:
    with labsight.slides.open(direct) as slide:
        slide.tile(0, 0, 0)
        files.odd.append(failing(403))
        files.asked.clear()
        slide.tile(0, 0, 0)
        assert [asked[1].partition("?")[0][-12:] for asked in files.asked] == [
            "%20slide.svs",
            "/direct.json",
            "%20slide.svs",
        ]
        files.contents["/slides/abc/direct.json"] = b"{}"
        files.odd.append(failing(403))
        with pytest.raises(DamagedSlide, match="not what a labsight server"):
            slide.tile(0, 0, 0)


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b'{"index": "x"}', b'{"index": "TFNJTkRFWA==", "files": []}', b'{"index": 5}'],
)
def test_a_descriptor_of_another_kind_is_refused(
    direct: str, files: Files, document: bytes
) -> None:
    files.contents["/slides/abc/direct.json"] = document
    with pytest.raises(DamagedSlide):
        labsight.slides.open(direct)


def test_a_descriptor_with_other_addresses_is_refused(direct: str, files: Files) -> None:
    good = json.loads(files.contents["/slides/abc/direct.json"])
    for wrong in ([], [5], ["file:///etc/passwd"], ["http://example.org/a"], ["/a"]):
        text = json.dumps(good | {"files": wrong}).encode()
        files.contents["/slides/abc/direct.json"] = text
        with pytest.raises((DamagedSlide, InvalidInput)):
            labsight.slides.open(direct)


def test_headers_go_to_the_server_and_not_to_the_bucket(direct: str, files: Files) -> None:
    with labsight.slides.open(direct, headers={"cookie": "session=1"}) as slide:
        slide.tile(0, 0, 0)
    told = {path: "cookie" in headers for _, path, headers in files.asked}
    assert told.pop("/slides/abc/direct.json")
    assert told
    assert not any(told.values())


def test_an_unreachable_descriptor_is_told_as_such(files: Files) -> None:
    with pytest.raises(NotFound):
        labsight.slides.open(f"{files.url}/slides/none/direct.json")
    files.odd.extend([failing(503)] * 4)
    with pytest.raises(StorageUnavailable, match="answers 503"):
        labsight.slides.open(f"{files.url}/slides/none/direct.json")


def test_the_package_loads_no_imaging_library_until_a_slide_is_opened() -> None:
    program = "import sys, labsight.slides; print({'PIL', 'numpy', 'openslide'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert answer.stdout.strip() == b"set()"


@pytest.mark.parametrize(
    ("name", "size", "channels"),
    [
        ("CMU-1-Small-Region.svs", (2220, 2967), 0),
        ("TCGA-CR-7395-01A-01-TS1.svs", (4443, 3567), 0),
        ("dicom-wg26-FluorCell", (2816, 2816), 3),
        ("hamamatsu-test3-DAPI.ndpi", (3968, 4864), 0),
        ("highdicom-sm_image.dcm", (50, 50), 0),
        ("ome-4D-series.ome.tiff", (439, 167), 0),
    ],
)
def test_real_slides_open(real_data: Path, name: str, size: tuple[int, int], channels: int) -> None:
    with Slide(real_data / "slides" / name) as slide:
        assert (slide.width, slide.height) == size
        assert len(slide.channels) == channels
        assert slide.region(0, 0, 0, 64, 64).shape == (64, 64, 3)
        assert slide.thumbnail(64).max() > 0


def test_a_library_that_is_missing_is_named(svs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(SettingsError, match=r"read with numpy.*pip install 'labsight\[slides\]'"):
        labsight.slides.open(svs)


def test_the_examples_of_the_manual_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[3]
    (tmp_path / "sample-data").symlink_to(root / "sample-data")
    stack = np.arange(3 * 2 * 256 * 256, dtype=np.uint32).reshape(3, 2, 256, 256)
    data = make_ome((stack % 4000).astype(np.uint16), metadata={"axes": "ZCYX"}, tile=(64, 64))
    (tmp_path / "stack.ome.tiff").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    page = (root / "docs" / "python.md").read_text("utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 4
    for example in examples:
        exec(compile(example, "docs/python.md", "exec"), {})
