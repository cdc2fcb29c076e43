#!/usr/bin/env bash
# Creates the virtual environment from the hashed lock file. Usage: scripts/setup.sh PYTHON VENV
set -euo pipefail
python=$1 venv=$2
"$python" - <<'PY' || { echo "Frontdesk needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
import sys
sys.exit(sys.version_info < (3, 11))
PY
echo "setup: creating $venv (about a minute, once)" >&2
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --require-hashes --only-binary :all: --no-deps -r requirements/dev.lock
"$venv/bin/pip" install --quiet --no-deps --no-build-isolation --editable .
touch "$venv/.ready"
