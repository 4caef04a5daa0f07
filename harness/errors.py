"""Errors whose message is for the user: what was expected, what was found, what to do.

    UserError
    ├── PlaceError               a default place is a link out of here   (disk)
    ├── OptionError              a value that an option cannot have     (options)
    │   └── SeedsError           a budget that a claim cannot have      (questions)
    ├── UnknownExperimentError   no experiment has this name            (declare)
    │   └── ImportFailedError    its module cannot be imported
    ├── SuiteError               a suite file with mistakes             (suite)
    ├── SelectionError           an id or expression that fits nothing  (suite)
    ├── NoSuiteError             a folder or glob without suites        (folders)
    ├── UnknownSuiteError        no suite of this package has this name (shipped)
    ├── PlatformError            Windows cannot measure                 (posix)
    ├── InitError                a folder where a suite cannot begin    (init)
    ├── StoreError               a store that cannot be used            (measure)
    ├── LockError                a lock that cannot be opened or got    (measure)
    ├── DeviceError              JAX names no device, or one unfit      (measure)
    ├── ClusterError             a cluster that cannot be used          (measure)
    ├── RecordError              a file that is no readable record      (report)
    ├── OutputError              a file that cannot be written          (report)
    ├── FigureError              a figure that cannot be drawn          (report)
    ├── ExportError              a record that fits in no history       (export)
    └── AsvFileError             a file that is not one of asv's        (export)

The command line prints one and exits with 4; anything else that is raised is a fault of this program.
"""

from __future__ import annotations

from collections.abc import Callable


class UserError(Exception):
    """Base of the errors that a user can mend; the message says what was expected and what was found."""


class OptionError(UserError, ValueError):
    """What is wrong with the options of these names; an interface prints the names as it spells them."""

    def __init__(self, text: str, *names: str) -> None:
        self.text, self.names = text, names
        super().__init__(self.spelled(str))

    def spelled(self, spell: Callable[[str], str]) -> str:
        """The message. Of one option, `text` says what is wrong; of several, why they exclude each other."""
        names = [spell(name) for name in self.names]
        if len(names) < 2:
            return ": ".join([*names, self.text])
        return f"expected {' or '.join(names)}, {self.text}"
