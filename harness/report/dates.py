"""When a run began, from the text in its record, which other versions or people may have written."""

from __future__ import annotations

from datetime import UTC, datetime

_LONGEST = 40  # Python accepts any number of digits for a fraction of a second


def moment(text: str) -> datetime | None:
    """An ISO 8601 date and time, in UTC; one without a zone counts as UTC. None if it is not a date."""
    if len(text) > _LONGEST:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.utcoffset() is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def has_zone(text: str) -> bool:
    """Whether the text names its time zone; True for text that is not a date."""
    try:
        return datetime.fromisoformat(text).utcoffset() is not None
    except (ValueError, OverflowError):
        return True
