"""Parameters whose value changes what a verdict means, so that every report states it.

    accuracy: Annotated[float, Meta(ge=0, le=0.01), Noted("conforms at {value}")] = 0.0

If such a parameter has another value than its default, `Experiment.noted` fills in its text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Noted:
    """Metadata of a parameter's type: the text for a value other than the default, with `{value}` in it.

    Reports state it in their first lines, and beside the sentence of each claim that reads the experiment.
    """

    text: str

    def of(self, value: object) -> str:
        """The text, with a number as people write it: 1e-6."""
        shown = re.sub(r"e([-+])0+", r"e\1", f"{value:g}") if isinstance(value, float) else str(value)
        return self.text.format(value=shown)


def noted_of(type_: object) -> Noted | None:
    """The `Noted` in a parameter's type, if it has one."""
    return next((m for m in getattr(type_, "__metadata__", ()) if isinstance(m, Noted)), None)
