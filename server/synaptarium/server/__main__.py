"""Where the command begins: nothing is loaded before Ctrl-C is answered."""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> int:
    """Load the command line and run it; an interrupt while it loads ends it as quietly as one later."""
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # a shell's background jobs ignore it
        signal.signal(signal.SIGINT, _end)
    from synaptarium.server.cli import main as run

    return run()


def _end(number: int, frame: FrameType | None) -> None:
    # Nothing was begun, and an exception would have to find its way through half-loaded modules.
    os.write(2, b"interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    raise SystemExit(main())
