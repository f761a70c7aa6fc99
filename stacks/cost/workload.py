"""How much a lab does, and what is assumed of each slide, opening and call."""

from dataclasses import dataclass, fields

HOURS = 730  # of a month, as AWS counts
MONTH_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What the lab states; the defaults are a small pathology lab."""

    slides_per_day: float = 20
    days: int = 22  # of work, a month
    gb: float = 1.5  # a slide
    openings: float = 3  # of each slide, all within its first days
    tiles: int = 600  # an opening
    desktop_hours: float = 60  # a month
    users: int = 25
    working_set_gb: float = 1  # slides on EFS, that have to be read as files

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value < float("inf"):
                raise ValueError(f"{field.name}: a number from 0 on, got {value}")
        if self.desktop_hours > HOURS:
            raise ValueError(f"desktop_hours: a month has {HOURS}, got {self.desktop_hours}")
        if self.days > 31:
            raise ValueError(f"days: of work in a month, 31 at most, got {self.days}")

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
