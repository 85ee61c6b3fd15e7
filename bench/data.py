"""The data half, side by side with its peers in one run: near-duplicates, then documents to packed tokens.

    python -m bench.data [--megabytes 10]

Each part is a bench of its own (`bench.data_dedup`, `bench.data_tokens`) with more settings.
"""

from __future__ import annotations

import argparse
import subprocess
import sys


def main() -> int:
    """Run the parts one after the other, each in a fresh process; returns the first bad exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=10)
    arguments = parser.parse_args()
    for part in ("bench.data_dedup", "bench.data_tokens"):
        command = [sys.executable, "-m", part, "--megabytes", str(arguments.megabytes)]
        if status := subprocess.run(command, check=False).returncode:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
