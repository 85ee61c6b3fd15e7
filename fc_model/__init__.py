"""The model and all that trains, measures and exports it; knows nothing of Dagster."""

import os

# Before torch loads OpenMP, which reads it once. Its threads wait for each other by spinning, by default for
# milliseconds; where another process has one of their cores, that makes a training step ten times slower. A
# short spin avoids that. An environment that sets a policy keeps it.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
