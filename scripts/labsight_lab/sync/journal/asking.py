"""What can be asked for rows: the journal that a run keeps, or the one that somebody only reads."""

from typing import Any, Protocol


class Asks(Protocol):
    """Answers questions in SQL."""

    def ask(self, question: str, *given: object) -> list[tuple[Any, ...]]:
        """Return the rows that answer a question; raise SettingsError."""
        ...
