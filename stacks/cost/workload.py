"""How much a lab does, and what is assumed of each slide, opening and call."""

from dataclasses import dataclass, field, fields
from typing import Any

HOURS = 730  # of a month, as AWS counts
MONTH_DAYS = 30


def _stated(default: Any, what: str) -> Any:
    return field(default=default, metadata={"help": what})


def option(name: str) -> str:
    """Return the command's option for a field."""
    return f"--{name.replace('_', '-')}"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What the lab states; the defaults are a small pathology lab."""

    slides_per_day: float = _stated(20, "slides scanned on a day of work")
    days: int = _stated(22, "days of work in a month")
    gb: float = _stated(1.5, "size of a slide in GB")
    openings: float = _stated(3, "times each slide is opened, all within its first days")
    tiles: int = _stated(600, "tiles that one opening fetches")
    desktop_hours: float = _stated(60, "hours a month in which the workstation runs")
    users: int = _stated(25, "people who sign in during a month")
    working_set_gb: float = _stated(1, "GB of slides that have to be read as files at a time")

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not 0 <= value < float("inf"):
                raise ValueError(f"{option(each.name)}: a number from 0 on, got {value}")
        if self.desktop_hours > HOURS:
            raise ValueError(f"--desktop-hours: a month has {HOURS}, got {self.desktop_hours}")
        if self.days > 31:
            raise ValueError(f"--days: of work in a month, 31 at most, got {self.days}")

    @property
    def slides(self) -> float:
        """Slides a month."""
        return self.slides_per_day * self.days

    @property
    def opened(self) -> float:
        """Openings a month."""
        return self.slides * self.openings

    @property
    def tile_requests(self) -> float:
        """Tiles a month, each fetched from its function: none is counted as cached."""
        return self.opened * self.tiles

    @property
    def calls(self) -> float:
        """Calls of the API a month."""
        return self.opened * CALLS_AN_OPENING

    @property
    def awake_hours(self) -> float:
        """Hours a month in which somebody works and a database that pauses does not."""
        return 0 if not self.opened and not self.slides else self.days * WORKING_HOURS


# Assumed of any lab, not measured in yours; docs/cost.md says how to hold it against the bill.
TILE_KB = 40
TILE_SECONDS = 0.08
CALLS_AN_OPENING = 10
CALL_SECONDS = 0.1
IMPORT_SECONDS = 10
DERIVED_MB = 1.0  # index and small images of a slide
DERIVED_OBJECTS = 4
PART_MB = 16  # of a multipart upload
IMPORT_READS = 100  # ranged reads of a slide's structure
LOG_KB = 1.0  # a call of a function: what Lambda and the function say
VIEWED_DAYS = 3  # from a slide's arrival to its last opening
WORKING_HOURS = 8  # a day
DATABASE_GB = 1  # Aurora: what it holds
ENHANCED_MONITORING_GB = 0.3  # a month, one reading a minute
FLOW_LOG_GB = 0.2  # a month, of a VPC in which little happens
EVENT_KB = 1.5  # a CloudTrail event
