"""A terminal that answers what was written down beforehand."""

from dataclasses import dataclass, field


@dataclass
class Script:
    """Gives its answers one after the other; what was asked and said can be looked at."""

    answers: list[str]
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def ask(self, text: str) -> str:
        self.asked.append(text)
        return self.answers.pop(0)

    def say(self, text: str) -> None:
        self.said.append(text)
