"""The package neural-tangents, on today's JAX:

    from harness.ntk import neural_tangents
    init, apply, kernel = neural_tangents.stax.serial(…)

A plain `import neural_tangents` fails on a JAX that has moved what it imports: `harness.ntk.compat` says what
is done about that. This import gives the package itself, and what is imported from it afterwards, as by `from
neural_tangents import stax`, works too. Where it or JAX is not installed, this import raises
`MissingLibraryError`, a `ModuleNotFoundError`, with the command that installs it. Import it inside an
experiment's function, as any library: whoever only lists or checks claims then does not wait for JAX.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from harness.ntk.compat import load

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...


# A module may put another in its place: importers are given what `sys.modules` has afterwards.
sys.modules[__name__] = load()
