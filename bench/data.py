"""The data half, side by side with its peers in one run: extraction, filters, near-duplicates, tokens, and all of it.

    python -m bench.data [--megabytes 10]

Each part is a bench of its own with more settings: bench.data_extract, bench.data_filters, bench.data_dedup,
bench.data_tokens, bench.data_end_to_end.
"""

from __future__ import annotations

import argparse
import subprocess
import sys


def main() -> int:
    """Run the parts one after the other, each in a fresh process; returns the first bad exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=10, help="of text; slow parts take a share of it")
    for part in parts(parser.parse_args().megabytes):
        if status := subprocess.run([sys.executable, "-m", *part], check=False).returncode:
            return status
    return 0


def parts(megabytes: float) -> list[list[str]]:
    """Module and arguments of each part."""
    share = f"{megabytes / 4:g}"  # extractors and spaCy take a second or more for a megabyte
    return [
        ["bench.data_extract", "--megabytes", share],
        ["bench.data_filters", "--megabytes", share],
        ["bench.data_dedup", "--megabytes", f"{megabytes:g}"],
        ["bench.data_tokens", "--megabytes", f"{megabytes:g}"],
        ["bench.data_end_to_end"],
    ]


if __name__ == "__main__":
    sys.exit(main())
