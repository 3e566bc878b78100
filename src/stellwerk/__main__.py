"""``python -m stellwerk``: the same as the command ``stellwerk``."""

from __future__ import annotations

import sys

from stellwerk.cli import main

sys.exit(main())
