"""``python -m jupyter_compute …`` is ``jupyter compute …``."""

from __future__ import annotations

from .cli import main

raise SystemExit(main())
