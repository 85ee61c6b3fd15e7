"""`python -m fc_pipeline`: the same as `fustercluck`."""

import sys

from fc_pipeline.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
