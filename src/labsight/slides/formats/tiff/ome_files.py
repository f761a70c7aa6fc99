"""The files of an OME-TIFF set: usually one, else those that its OME-XML names."""

from collections.abc import Callable, Sequence

from labsight.errors import DamagedSlide, NotASlide, UnsupportedSlide
from labsight.slides.formats import bounded_xml
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.generic import tables_of
from labsight.slides.formats.tiff.grid import Source
from labsight.slides.formats.tiff.leftovers import holds_only
from labsight.slides.formats.tiff.ome_xml import TiffData
from labsight.slides.formats.tiff.tags import Directory
from labsight.slides.index import Level
from labsight.slides.ranges import Bytes

# Opens a file of the set by its name: its number and bytes, None when there is none.
OpenOther = Callable[[str], tuple[int, Bytes] | None]
MAX_FILES = 4096
MAX_NAME = 255  # bytes of a file name


class OmeFiles:
    """The files of a set and their directories, each opened and read once."""

    def __init__(self, tiff: Tiff, uuid: str, open_other: OpenOther | None) -> None:
        self._tiffs: dict[int, Tiff] = {0: tiff}
        self._numbers: dict[str, int] = {}
        self._below: dict[tuple[int, int], tuple[Directory, ...]] = {}
        self._uuid = uuid
        self._open = open_other

    @property
    def directories(self) -> int:
        """How many directories the file at hand has."""
        return len(self._tiffs[0].directories)

    def source(self, place: tuple[int, int] | None) -> Source | None:
        """Return the source of a plane at (file, directory)."""
        if place is None:
            return None
        file, number = place
        tiff = self._tiffs[file]
        if number >= len(tiff.directories):
            raise DamagedSlide(
                f"its OME-XML names image {number} of a file that has {len(tiff.directories)}"
            )
        return Source(tiff, tiff.directories[number], file)

    def number(self, run: TiffData, *, several: bool) -> int:
        """Return the number of the file that a run lies in; ``several`` files are named."""
        if not run.file or not several or (run.uuid and run.uuid == self._uuid):
            return 0
        if run.file not in self._numbers:
            self._numbers[run.file] = self._opened(run.file)
        return self._numbers[run.file]

    def below(self, source: Source) -> tuple[Directory, ...]:
        """Return the directories of a plane's smaller levels."""
        place = source.file, source.directory.offset
        if place not in self._below:
            self._below[place] = source.tiff.sub_directories(source.directory)
        return self._below[place]

    def hold_only(self, planes: Sequence[Sequence[Source | None]], levels: Sequence[Level]) -> bool:
        """Whether the files hold the planes of these levels and nothing else."""
        used: dict[int, list[Directory]] = {file: [] for file in self._tiffs}
        for source in (one for level in planes for one in level if one is not None):
            used[source.file].append(source.directory)
        tables = tables_of(levels)
        return all(
            holds_only(
                self._tiffs[file],
                directories,
                (one for one in tables if one.file == file),
                description_bytes=bounded_xml.MAX_CHARACTERS,
            )
            for file, directories in used.items()
        )

    def _opened(self, name: str) -> int:
        if len(name.encode()) > MAX_NAME or set(name) & set("/\\\0") or name in {".", ".."}:
            raise DamagedSlide("its OME-XML names a file by what is no file name")
        if len(self._numbers) >= MAX_FILES:
            raise DamagedSlide(f"its OME-XML names more than {MAX_FILES} files")
        opened = self._open(name) if self._open else None
        if opened is None:
            raise UnsupportedSlide(
                f"some of its planes lie in the file {name}, which did not come with it: send all "
                "files of the set as one slide"
            )
        number, data = opened
        if number not in self._tiffs:
            try:
                self._tiffs[number] = Tiff(data)
            except NotASlide:
                raise DamagedSlide(f"{name}, a file of the set, is no TIFF file") from None
        return number
