"""What 10, 1,000 and 100,000 viewers at a time need and cost: `python -m bench.scale`.

A reckoning, not a measurement of AWS: its inputs are printed with it, measured or assumed each.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import scale_bursts, scale_edge
from bench.scale_inputs import Inputs, listing

PRICES = Path(__file__).parents[1] / "stacks" / "prices"
REGION, EVERYWHERE = "us-east-1", "*"
VIEWERS = (10, 1_000, 100_000)
SEED = 7
HOUR, HOURS, MILLION = 3600, 730, 1_000_000
KB_IN_GB = 1024 * 1024
# CloudFront's regional caches that viewers of one lab, of some hospitals, of a continent meet.
CACHES = ((100, 1), (10_000, 3), (sys.maxsize, 10))
FREE_EDGE_GB, FREE_EDGE_REQUESTS = 1024, 10 * MILLION
LOG_KB = 1.0  # what a call of a function leaves in its log

Prices = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Need:
    """What so many viewers need at the peak, and cost in a month (US dollars)."""

    viewers: int
    asked: float  # tiles a second, of the edge
    hits: float
    origin: float  # tiles a second, of functions or containers
    function_ms: float
    functions: float  # at a time: mean, and what is exceeded 1 % of the time
    functions_p99: int
    processors: float  # of containers
    tasks: int
    gets: float  # a second, of S3
    hottest: float  # a second, of the slide asked for most
    edge_gbit: float
    month: Mapping[str, float]

    @property
    def with_functions(self) -> float:
        """Dollars a month, tiles made by functions."""
        return sum(usd for name, usd in self.month.items() if name != "containers")

    @property
    def with_containers(self) -> float:
        """Dollars a month, tiles made by containers."""
        made_by = {"functions", "logs of functions"}
        return sum(usd for name, usd in self.month.items() if name not in made_by)


def need(inputs: Inputs, viewers: int, prices: Prices, *, bursts: bool = True) -> Need:
    """Reckon the peak and the month of so many viewers at a time."""
    asked = viewers * inputs.asked
    slides = max(20, round(viewers * inputs.slides_a_viewer))
    hits = _hits(inputs, asked * inputs.load, viewers, slides)
    origin = asked * (1 - hits)
    seconds = _function_seconds(inputs)
    p99 = 0
    if bursts:
        cold = (1 - hits) * (1 - inputs.seen)
        _, p99 = scale_bursts.at_a_time(
            viewers=viewers,
            think=inputs.think,
            fresh=inputs.fresh,
            cold=cold,
            seconds=seconds,
            seed=SEED,
        )
    processors = origin * _cpu_seconds(inputs, server=inputs.server_cpu) / inputs.busy
    head = next(scale_edge.ranges(slides, inputs.slide_skew))[0]
    return Need(
        viewers=viewers,
        asked=asked,
        hits=hits,
        origin=origin,
        function_ms=seconds * 1000,
        functions=origin * seconds,
        functions_p99=p99,
        processors=processors,
        tasks=max(1, -int(-processors // inputs.task_cpu)),
        gets=origin * _gets(inputs),
        hottest=origin * _gets(inputs) * head,
        edge_gbit=asked * inputs.tile_kb * 1024 * 8 / 1e9,
        month=_month(inputs, asked, origin, seconds, prices),
    )


def _hits(inputs: Inputs, rate: float, viewers: int, slides: int) -> float:
    caches = next(count for most, count in CACHES if viewers <= most)
    return scale_edge.hit_rate(
        rate=rate,
        seconds=inputs.day * HOUR,
        caches=caches,
        slides=slides,
        slide_skew=inputs.slide_skew,
        tiles=inputs.tiles_a_slide,
        tile_skew=inputs.tile_skew,
    )


def _cpu_seconds(inputs: Inputs, server: float = 0.0) -> float:
    """Return the processor's time for a tile, over all the ways tiles are made; kept ones first."""
    ways = (
        (inputs.half_size, inputs.half_size_cpu),
        (inputs.decoded, inputs.decoded_cpu),
        (inputs.as_file, inputs.as_file_cpu),
    )
    made = sum(share for share, _ in ways) * (1 - inputs.kept)
    cpu = (1 - made) * inputs.stored_cpu
    cpu += sum(share * (1 - inputs.kept) * ms for share, ms in ways)
    return (cpu + server) * inputs.slower / 1000


def _gets(inputs: Inputs) -> float:
    """Return the requests to S3 for a tile: a made one that is not kept takes a look and a read."""
    made = inputs.half_size + inputs.decoded + inputs.as_file
    return 1 + made * (1 - inputs.kept)


def _function_seconds(inputs: Inputs) -> float:
    """Return a function's time for a tile; for as_file the second one's comes on top."""
    waits = inputs.first_byte * _gets(inputs) + inputs.invoked * (1 + inputs.as_file)
    return _cpu_seconds(inputs) + waits / 1000


def _month(
    inputs: Inputs, asked: float, origin: float, seconds: float, prices: Prices
) -> dict[str, float]:
    """Return the month's dollars by item; functions and containers both, one of which is paid."""
    active = inputs.day * HOUR * inputs.days * inputs.load
    tiles, made = asked * active, origin * active
    sent = tiles * inputs.tile_kb / KB_IN_GB
    edge_gb, edge = max(0.0, sent - FREE_EDGE_GB), max(0.0, tiles - FREE_EDGE_REQUESTS)
    calls = made * (1 + inputs.as_file)
    puts = made * (inputs.half_size + inputs.decoded + inputs.as_file) * (1 - inputs.kept)
    return {
        "edge": edge_gb * prices["cloudfront.gb"] + edge / 10_000 * prices["cloudfront.requests"],
        "S3 requests": made * _gets(inputs) / 1000 * prices["s3.get"]
        + puts / 1000 * prices["s3.put"],
        "functions": calls / MILLION * prices["lambda.requests"]
        + made * seconds * inputs.function_gb * prices["lambda.gb_second"],
        "logs of functions": calls * LOG_KB / KB_IN_GB * prices["logs.gb"],
        "containers": _containers(inputs, origin, made, prices),
    }


def _containers(inputs: Inputs, origin: float, made: float, prices: Prices) -> float:
    """Return containers, balancer and their way out: one runs always, more while people work."""
    processor = prices["fargate.cpu"] + 2 * prices["fargate.gb"]
    mean = origin * inputs.load * _cpu_seconds(inputs, inputs.server_cpu) / inputs.busy
    working = inputs.day * inputs.days
    always = inputs.task_cpu * processor * HOURS
    more = max(0.0, mean - inputs.task_cpu) * processor * working
    balancer = prices["alb.hour"] * HOURS + made * inputs.tile_kb / KB_IN_GB * prices["alb.lcu"]
    return always + more + balancer + 3 * prices["endpoint.hour"] * HOURS


def crossing(inputs: Inputs, prices: Prices) -> int:
    """Return from how many viewers on containers cost less than functions."""
    low, high = 1, MILLION
    while low < high:
        middle = (low + high) // 2
        one = need(inputs, middle, prices, bursts=False)
        if one.with_containers <= one.with_functions:
            high = middle
        else:
            low = middle + 1
    return low


def load_prices(region: str = REGION) -> Prices:
    """Read the newest table of prices that the estimate of a stack's cost uses as well."""
    document = json.loads(max(PRICES.glob("*.json")).read_text(encoding="utf-8"))
    return {
        name: float(one["usd"].get(region, one["usd"].get(EVERYWHERE, "nan")))
        for name, one in document["prices"].items()
    }


def beyond(inputs: Inputs, found: Need) -> list[str]:
    """Return the limits of AWS that so many viewers meet."""
    met = []
    if found.functions_p99 > inputs.new_functions:
        met.append(f"{inputs.new_functions:,.0f} functions at a time of a new account")
    if found.functions_p99 > inputs.usual_functions:
        met.append(f"{inputs.usual_functions:,.0f} functions at a time of any account")
    if found.hottest > inputs.prefix_gets:
        met.append(f"{inputs.prefix_gets:,.0f} GET/s of one partition of S3")
    if found.asked > inputs.edge_requests:
        met.append(f"{inputs.edge_requests:,.0f} requests/s of one distribution")
    return met


def rows(found: Sequence[Need]) -> list[tuple[str, list[str]]]:
    """Return each line of the result: its name, and a cell for each number of viewers."""
    return [
        ("tiles/s asked of the edge", [f"{one.asked:,.0f}" for one in found]),
        ("answered by the edge", [f"{one.hits:.0%}" for one in found]),
        ("tiles/s read or made", [f"{one.origin:,.0f}" for one in found]),
        ("functions at a time, mean", [f"{one.functions:,.1f}" for one in found]),
        ("functions at a time, 99 % of the time", [f"{one.functions_p99:,}" for one in found]),
        ("processors of containers", [f"{one.processors:,.2f}" for one in found]),
        ("containers of 2 processors", [f"{one.tasks:,}" for one in found]),
        ("GET/s of S3", [f"{one.gets:,.0f}" for one in found]),
        ("GET/s of the slide asked for most", [f"{one.hottest:,.0f}" for one in found]),
        ("Gbit/s out of the edge", [f"{one.edge_gbit:,.2f}" for one in found]),
        *(
            (f"$ a month, {name}", [f"{one.month[name]:,.0f}" for one in found])
            for name in found[0].month
        ),
        ("$ a month in all, functions", [f"{one.with_functions:,.0f}" for one in found]),
        ("$ a month in all, containers", [f"{one.with_containers:,.0f}" for one in found]),
    ]


def report(inputs: Inputs, found: Sequence[Need], turn: int) -> str:
    """Write inputs and results as two tables."""
    lines = [
        f"{name:16} {figure:>16}  {what} ({source})"
        for name, figure, what, source in listing(inputs)
    ]
    table = [("viewers at a time", [f"{one.viewers:,}" for one in found]), *rows(found)]
    lines += ["", *(f"{name:40}" + "".join(f"{one:>14}" for one in cells) for name, cells in table)]
    for one in found:
        lines += [f"{one.viewers:,} viewers are beyond {limit}" for limit in beyond(inputs, one)]
    lines.append(f"containers cost less than functions from about {turn:,} viewers at a time on")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the reckoning."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("viewers", nargs="*", type=int, default=[], help="at a time")
    parser.add_argument("--region", default=REGION, help=f"whose prices (default {REGION})")
    given = parser.parse_args(arguments)
    inputs, prices = Inputs(), load_prices(given.region)
    if prices["s3.get"] != prices["s3.get"]:
        parser.error(f"--region: no prices of {given.region!r}")
    found = [need(inputs, one, prices) for one in given.viewers or VIEWERS]
    sys.stdout.write(report(inputs, found, crossing(inputs, prices)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
