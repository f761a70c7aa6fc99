"""What the reckoning of scale starts from: measured, assumed, chosen, or a limit of AWS."""

from dataclasses import dataclass, field, fields
from typing import Any

MEASURED, ASSUMED, CHOSEN, LIMIT = "measured", "assumed", "chosen", "AWS"


def _from(source: str, value: float, unit: str, what: str) -> Any:
    return field(default=value, metadata={"source": source, "unit": unit, "what": what})


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Figures by name; ``fields`` tell unit, meaning and where each comes from."""

    # People
    think: float = _from(ASSUMED, 2.5, "s", "between two moves of the picture")
    fresh: int = _from(ASSUMED, 10, "tiles", "that a move brings into view")
    screen: int = _from(ASSUMED, 24, "tiles", "of a whole screen, when a slide is opened")
    dwell: float = _from(ASSUMED, 300, "s", "on one slide")
    seen: float = _from(ASSUMED, 0.25, "", "of these tiles the browser still has")
    slides_a_viewer: float = _from(ASSUMED, 0.5, "slides", "in use a day, for each viewer")
    slide_skew: float = _from(ASSUMED, 0.8, "", "Zipf exponent of slides: teaching and worklists")
    tiles_a_slide: int = _from(MEASURED, 22_307, "tiles", "of a 40,000 x 30,000 px Aperio slide")
    tile_skew: float = _from(ASSUMED, 0.9, "", "Zipf exponent of a slide's tiles: overviews first")
    day: float = _from(ASSUMED, 8, "h", "of work; the edge begins it empty, its tiles last a day")
    days: float = _from(ASSUMED, 22, "", "of work in a month")
    load: float = _from(ASSUMED, 0.5, "", "of the peak, over such a day")
    # Tiles
    tile_kb: float = _from(MEASURED, 10.6, "kB", "of a stored tile of that slide")
    half_size: float = _from(ASSUMED, 0.12, "", "of tiles are of levels that the file lacks")
    decoded: float = _from(ASSUMED, 0.03, "", "of tiles are of slides in JPEG 2000 and the like")
    as_file: float = _from(ASSUMED, 0.02, "", "of tiles are of slides that only OpenSlide reads")
    kept: float = _from(ASSUMED, 0.6, "", "of made tiles were made before and are kept")
    stored_cpu: float = _from(
        MEASURED, 0.19, "ms", "a stored tile: service and event .043, range .142"
    )
    half_size_cpu: float = _from(MEASURED, 1.75, "ms", "a half-size tile")
    decoded_cpu: float = _from(MEASURED, 4.3, "ms", "a tile of JPEG 2000")
    as_file_cpu: float = _from(MEASURED, 2.3, "ms", "a tile through OpenSlide, of its own grid")
    server_cpu: float = _from(ASSUMED, 0.4, "ms", "HTTP in a container, each tile")
    slower: float = _from(ASSUMED, 1.5, "x", "a processor of AWS against the one measured on")
    first_byte: float = _from(ASSUMED, 30, "ms", "until S3 answers, nothing is done meanwhile")
    invoked: float = _from(ASSUMED, 8, "ms", "of a function's time besides, billed")
    # What there is
    function_gb: float = _from(CHOSEN, 1769 / 1024, "GB", "memory of the function, one processor")
    busy: float = _from(CHOSEN, 0.6, "", "of a container's processors, at which another starts")
    task_cpu: int = _from(CHOSEN, 2, "processors", "of a container, with 2 GB of memory each")
    prefix_gets: float = _from(LIMIT, 5500, "GET/s", "of one partition of S3")
    new_functions: float = _from(LIMIT, 10, "", "functions at a time in a new account")
    usual_functions: float = _from(LIMIT, 1000, "", "functions at a time, raised on request")
    edge_requests: float = _from(LIMIT, 250_000, "/s", "of one distribution, raised on request")

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not 0 <= value < float("inf"):
                raise ValueError(f"{each.name}: a number from 0 on, got {value}")
        if self.seen >= 1 or self.half_size + self.decoded + self.as_file > 1:
            raise ValueError("seen, half_size, decoded, as_file: shares of 1")

    @property
    def asked(self) -> float:
        """Tiles a second that one viewer asks the edge for."""
        moves = self.fresh / self.think
        openings = self.screen / self.dwell
        return (moves + openings) * (1 - self.seen)


def listing(inputs: Inputs) -> list[tuple[str, str, str, str]]:
    """Return (name, figure, what it is, where it comes from) of each input."""
    return [
        (
            each.name,
            f"{getattr(inputs, each.name):,.4g} {each.metadata['unit']}".strip(),
            each.metadata["what"],
            each.metadata["source"],
        )
        for each in fields(inputs)
    ]
