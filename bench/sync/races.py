"""Uploads of one folder by several programs in turns, each into a bucket of its own."""

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.folders import CACHE, NotMeasured
from bench.interleaved import rotated
from bench.processes import Cost, run
from bench.sync.commands import PREFIX, Command, Place, variables
from bench.sync.sinks import Sink


@dataclass(frozen=True)
class Race:
    """What each program cost, by its name; ``lacking`` says why others took no part."""

    costs: Mapping[str, Sequence[Cost]]
    lacking: Mapping[str, str]

    def wall(self, name: str) -> float:
        """Return the median by the clock, in seconds."""
        return statistics.median(cost.wall for cost in self.costs[name])

    def peak(self, name: str) -> float:
        """Return the most memory of all rounds, MB."""
        return max(cost.peak for cost in self.costs[name])

    def told(self, *names: str) -> str:
        """Tell what programs took; the first one without its name."""
        first, *others = (self._one(name) for name in names)
        beside = [f"{name} {one}" for name, one in zip(names[1:], others, strict=True)]
        return f"{first} ({'; '.join(beside)})" if beside else first

    def _one(self, name: str) -> str:
        if name in self.lacking:
            return self.lacking[name]
        cpu = statistics.median(cost.cpu for cost in self.costs[name])
        return f"{self.wall(name):.2f} s, {cpu:.2f} s CPU"


def race(sink: Sink, folder: Path, programs: Mapping[str, Command], rounds: int) -> Race:
    """Let each program upload the folder once in each round; see that all of it arrived."""
    sizes = {
        f"{PREFIX}/{file.relative_to(folder).as_posix()}": file.stat().st_size
        for file in folder.rglob("*")
        if file.is_file()
    }
    costs: dict[str, list[Cost]] = {}
    lacking: dict[str, str] = {}
    for turn in range(rounds):
        for name in rotated(list(programs), turn):
            bucket = f"bench-{len(sizes)}-{turn}-{list(programs).index(name)}"
            with tempfile.TemporaryDirectory(dir=CACHE) as home:
                place = Place(folder, sink.endpoint, bucket, Path(home, "journal"))
                try:
                    command = programs[name](place)
                except NotMeasured as error:
                    lacking[name] = str(error)
                    continue
                costs.setdefault(name, []).append(run(command, variables=variables(Path(home))))
            stored = {key: one.size for key, one in sink.objects(bucket).items()}
            if stored != sizes:
                raise RuntimeError(f"{name} stored {len(stored)} of {len(sizes)} files")
    return Race(costs, lacking)
