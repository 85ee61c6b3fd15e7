"""`python -m fc_model.train STAGE_FOLDER` trains the stage of FOLDER/stage.json and prints its metrics as JSON."""

import argparse
import json
import logging
import sys
from functools import partial
from pathlib import Path

from fc_model.device import is_out_of_memory
from fc_model.errors import UserError
from fc_model.tracking import Tracker
from fc_model.train import Interrupted, run_stage
from fc_model.train.settings import read_stage_file


def main() -> int:
    """Train a stage; returns the exit code: 0, 1 for an error of the user's, or 128 and its number for a signal."""
    parser = argparse.ArgumentParser(prog="python -m fc_model.train", description=__doc__)
    parser.add_argument("folder", type=Path, help="holds stage.json; everything is written into it")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        uri = read_stage_file(arguments.folder).runtime.mlflow_uri
        result = run_stage(arguments.folder, track=partial(Tracker, uri))
    except Interrupted as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        # Before the first step, or where Python itself allocates: a step that runs out of memory says so itself.
        print("error: out of memory outside of the steps; free some, or take a larger machine", file=sys.stderr)
        return 1
    print(json.dumps(result.metrics, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
