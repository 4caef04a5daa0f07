"""Shapes that several modules use. Tests check all shapes in `harness.ntk`.

Within a call each name of an axis means one number. Rows and columns of a kernel are two sets of points.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

Points = Float[np.ndarray, "points inputs"]
Rows = Float[np.ndarray, "rows inputs"]
Columns = Float[np.ndarray, "columns inputs"]
Matrix = Float[np.ndarray, "rows columns"]
