"""``python -I -S runner.pyz``: see :mod:`.faces`."""

from __future__ import annotations

import sys

from .faces import main

if __name__ == "__main__":
    main(sys.argv[1:])
