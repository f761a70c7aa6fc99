"""Items of containers that serve tiles: their hours, the balancer's, what measures them."""

from collections.abc import Iterator

from components.tile_service import BUSY_PERCENT, GB_A_CPU
from stacks.cost import workload as assumed
from stacks.cost.machines import Item
from stacks.cost.prices import Prices
from stacks.cost.workload import HOURS, Workload
from stacks.settings import Settings

KB_IN_GB = 1024 * 1024
# What Container Insights keeps of a cluster, a service and a task's family, about.
METRICS = 10


def serve_tiles(settings: Settings) -> bool:
    """Say whether containers serve tiles: there has to be an image for them."""
    return settings.contains and settings.slides.image is not None


def containers(settings: Settings, work: Workload, prices: Prices) -> Iterator[Item]:
    """Return Fargate's processors and memory, the balancer, and measurements."""
    if not serve_tiles(settings):
        return
    slides = settings.slides
    hourly = slides.cpu * (prices["fargate.cpu"] + GB_A_CPU * prices["fargate.gb"])
    yield Item(
        name=f"containers (Fargate), {slides.tasks.min} of {slides.cpu} processors",
        cause="slides.service, slides.tasks.min, slides.cpu",
        fixed=slides.tasks.min * HOURS * hourly,
        used=_more_hours(settings, work) * hourly,
    )
    sent = work.tile_requests * assumed.TILE_KB / KB_IN_GB
    yield Item(
        name="balancer of the containers",
        cause="slides.service",
        fixed=HOURS * prices["alb.hour"],
        used=sent * prices["alb.lcu"],  # a unit takes a GB an hour
    )
    yield Item(
        name="measurements of the containers",
        cause="slides.service",
        fixed=METRICS * prices["cloudwatch.metric"],
    )


def _more_hours(settings: Settings, work: Workload) -> float:
    """Return the hours a month of containers beyond the fewest, while people work."""
    slides = settings.slides
    busy = work.tile_requests * assumed.TILE_SECONDS / 3600 / (BUSY_PERCENT / 100) / slides.cpu
    return max(0.0, busy - slides.tasks.min * work.awake_hours)
