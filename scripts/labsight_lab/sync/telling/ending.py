"""What a run did, as the end of a command tells it."""

from typing import Any

from labsight_lab.sync.telling import out
from labsight_lab.sync.telling.report import Report
from labsight_lab.sync.telling.summary import summary


class ToldReport(Report):
    """A report that is told when its run is over."""

    @property
    def has_news(self) -> bool:
        """Whether something was sent."""
        return bool(self.uploaded)

    def document(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        from labsight_lab.sync.telling.document import document  # noqa: PLC0415 - only for --json

        return document(self)

    def summary(self) -> str:
        """Return it as people read it, for this terminal."""
        return summary(self, out.width())
