"""The package neural-tangents, on current JAX:

    from harness.ntk import neural_tangents
    init, apply, kernel = neural_tangents.stax.serial(…)

A plain `import neural_tangents` fails if JAX has moved names that it imports; `harness.ntk.compat` lends it
these names. This import gives the package itself, and later imports such as `from neural_tangents import
stax` work too. If it or JAX is not installed, this import raises `MissingLibraryError`, a
`ModuleNotFoundError`, with the command that installs it. Import it inside an experiment's function, as any
library, so that listing or checking claims does not wait for JAX.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from harness.ntk.compat import load

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...


# A module may replace itself: importers get what `sys.modules` has afterwards.
sys.modules[__name__] = load()
