"""Shapes that several modules speak of; tests check all shapes in `harness.ntk`.

Names of axes mean one number each within a call: rows and columns of a kernel are two sets of points.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

Points = Float[np.ndarray, "points inputs"]
Rows = Float[np.ndarray, "rows inputs"]
Columns = Float[np.ndarray, "columns inputs"]
Matrix = Float[np.ndarray, "rows columns"]
