"""Errors whose message is for the user: what was expected, what was found, what to do.

    UserError
    ├── PlaceError               a default place is a link out of here   (disk)
    ├── UnknownExperimentError   no experiment has this name            (declare)
    │   └── ImportFailedError    its module cannot be imported
    ├── SuiteError               a suite file with mistakes             (suite)
    ├── SelectionError           an id or expression that fits nothing  (suite)
    ├── SeedsError               a budget that a claim cannot have      (plan)
    ├── NoSuiteError             a folder or glob without suites        (folders)
    ├── StoreError               a store that cannot be used            (measure)
    ├── LockError                a lock that cannot be opened or got    (measure)
    ├── DeviceError              JAX names no device                    (measure)
    ├── ClusterError             a cluster that cannot be used          (measure)
    ├── RecordError              a file that is no readable record      (report)
    ├── OutputError              a file that cannot be written          (report)
    ├── ExportError              a record that fits in no history       (export)
    └── AsvFileError             a file that is not one of asv's        (export)

The command line prints one and exits with 4; anything else that is raised is a fault of this program.
"""


class UserError(Exception):
    """Base of the errors that a user can mend."""
