"""When a run began, as its record says it: text that other versions, or other people, may have written."""

from __future__ import annotations

from datetime import UTC, datetime

_LONGEST = 40  # Python takes digits without end for a fraction of a second


def moment(text: str) -> datetime | None:
    """An ISO 8601 date and time, in UTC; one without a zone is UTC. None if it is not a date."""
    if len(text) > _LONGEST:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.utcoffset() is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def has_zone(text: str) -> bool:
    """Whether the text says in which zone it is; True of what is no date."""
    try:
        return datetime.fromisoformat(text).utcoffset() is not None
    except (ValueError, OverflowError):
        return True
