"""Makes the index of a slide in an object store; a worker for one run, with nothing else loaded."""

from bench import object_client
from bench.memory_use import peak_megabytes
from labsight.slides import sidecar
from labsight.slides.indexing import index_of


class Index:
    """Makes the index, and nothing else."""

    def __init__(self, endpoint: str, key: str) -> None:
        self._store, self._key = object_client.store(endpoint), key

    def index(self) -> tuple[int, int]:
        """Return how many tiles there are, and the bytes of the sidecar."""
        found = index_of(self._store, self._key).index
        tiles = sum(len(chunks.offsets) for level in found.levels for chunks in level.planes)
        return tiles, len(sidecar.to_bytes(found))

    def peak(self) -> float:
        """Return the most memory that this process has taken, MB."""
        return peak_megabytes()
