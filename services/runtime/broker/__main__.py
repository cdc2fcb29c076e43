"""`python -m services.runtime.broker`."""

from __future__ import annotations

import sys

from services.runtime.broker.cli import main

if __name__ == "__main__":
    sys.exit(main())
