"""The ways in which something is not in the archive as it should be, and what to do about each."""

from enum import StrEnum


class Kind(StrEnum):
    """Why somebody may have to look; the journal keeps these names."""

    LOST = "lost"
    FAILED = "failed"
    CONFLICT = "conflict"
    EXISTS = "exists"
    UNFINISHED = "unfinished"


TITLES = {
    Kind.LOST: "not in the archive any more as it was sent",
    Kind.FAILED: "failed",
    Kind.CONFLICT: "conflict",
    Kind.EXISTS: "not proven to be in the archive",
    Kind.UNFINISHED: "not finished",
}
ADVICE = {
    Kind.LOST: (
        "find out who changed the archive; the bucket keeps former versions, from which it can be "
        "restored (docs/sync-check.md), and `labsight verify` then proves it. Or send it again: "
        "`labsight verify --resend PATH`, then `labsight sync`"
    ),
    Kind.FAILED: "see to the reason; the next run tries again by itself, --watch within a minute",
    Kind.CONFLICT: "`labsight verify` compares it with what the archive holds",
    Kind.EXISTS: "`labsight verify` asks the archive and proves it",
    Kind.UNFINISHED: "nothing yet; if it stays so, see whether the scanner has stopped half way",
}
