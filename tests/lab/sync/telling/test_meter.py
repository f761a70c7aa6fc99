"""Files and bytes are added up right, whatever becomes of them."""

from collections.abc import Sequence

from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.telling.meter import Meter
from labsight_lab.sync.telling.progress import Silent
from tests.lab.sync.telling.made import closed, ended, lone, unit


class Shown(Silent):
    every = 1.0

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []
        self.told: list[tuple[int, int | None, list[str]]] = []
        self.ends = 0
        self.now = 0.0
        self.meter = Meter(self, lambda: self.now)

    def begin(self, files: int, total: int) -> None:
        self.begun.append((files, total))

    def moved(self, done: int, files: int | None = None, names: Sequence[str] = ()) -> None:
        self.told.append((done, files, list(names)))

    def end(self) -> None:
        self.ends += 1

    def now_told(self) -> tuple[int, int | None, list[str]]:
        """Return what is told when it is time for it."""
        self.now += 1
        self.meter.moved("nothing", 0)
        return self.told[-1]


def test_it_is_told_now_and_then_with_the_names_under_way() -> None:
    shown = Shown()
    shown.meter.add([lone("a.svs", 1000), lone("b.svs", 3000)])
    assert shown.begun == [(2, 4000)]
    shown.meter.moved("a.svs", 500)
    assert shown.told == []
    shown.now += 1
    shown.meter.moved("b.svs", 300)
    shown.meter.moved("b.svs", 400)
    assert shown.told == [(800, 0, ["a.svs 50 %", "b.svs 10 %"])]


def test_a_file_counts_once_when_it_is_dealt_with() -> None:
    shown = Shown()
    shown.meter.add([lone("a.svs", 1000), lone("b.svs", 3000)])
    shown.meter.moved("a.svs", 1000)
    shown.meter.ended(ended("a.svs"))
    assert shown.now_told() == (1000, 1, [])


def test_what_failed_half_way_is_dealt_with_too() -> None:
    shown = Shown()
    shown.meter.add([lone("a.svs", 1000)])
    shown.meter.moved("a.svs", 400)
    shown.meter.ended(ended("a.svs", Result.FAILED, "503"))
    assert shown.now_told() == (1000, 1, [])


def test_a_unit_counts_by_its_members() -> None:
    shown, slide = Shown(), unit(sizes=(10, 20, 30))
    shown.meter.add([slide])
    assert shown.begun == [(3, 60)]
    for seen in slide.unsettled:
        shown.meter.ended(ended(seen.path, place="a/s1/", size=seen.size))
    shown.meter.ended(closed(slide))
    assert shown.now_told() == (60, 3, [])


def test_a_unit_that_is_not_to_be_sent_is_dealt_with_as_a_whole() -> None:
    shown, slide = Shown(), unit(sizes=(10, 20, 30))
    shown.meter.add([slide, lone("b.svs", 5)])
    shown.meter.ended(ended("a/s1/", Result.UNFINISHED, "lacks a/s1/3.dat", size=9999))
    assert shown.now_told() == (60, 3, [])


def test_what_is_added_later_belongs_to_the_same_sending() -> None:
    shown = Shown()
    shown.meter.add([lone("a.svs", 1000)])
    shown.meter.ended(ended("a.svs"))
    shown.meter.add([lone("b.svs", 500)])
    assert shown.begun == [(1, 1000), (2, 1500)]
    shown.meter.end()
    shown.meter.add([lone("c.svs", 7)])
    assert (shown.begun[-1], shown.ends) == ((1, 7), 1)


def test_what_is_empty_is_no_trouble() -> None:
    shown = Shown()
    shown.meter.add([lone("a.svs", 0)])
    shown.meter.moved("a.svs", 0)
    assert shown.now_told()[2] == []
