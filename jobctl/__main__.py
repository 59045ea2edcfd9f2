"""``python -m jobctl``, and the console script."""

import gc
import sys

from jobctl import _end_at_interrupts

_end_at_interrupts()


def main() -> None:
    """Run the command line and exit."""
    # A fifth of a short command's time went into collecting what imports leave behind, and once
    # more at the exit. Reference counts free all that is large.
    gc.set_threshold(100_000, 50, 100)
    from jobctl.cli.main import run

    try:
        code = run(sys.argv[1:])
    finally:
        _end_at_interrupts()
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
