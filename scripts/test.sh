#!/usr/bin/env bash
# Runs every test: unit, contract, conformance, properties, outside cases, integration on a real Kafka, documents.
# Arguments go to pytest: scripts/test.sh tests/unit -x
# In a hurry, in two lanes side by side (tests/lanes.py): scripts/test.sh -n 2 --dist loadscope
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v docker >/dev/null && ! { command -v java >/dev/null && command -v mvn >/dev/null; }; then
  if [ "${CI:-}" = true ]; then
    echo "test: neither Docker nor Java 17 with Maven is here, so no Kafka can be started; with CI=true that fails" >&2
    exit 1
  fi
  echo "test: the Kafka tests will be skipped: install Docker, or Java 17 and Maven" >&2
fi
.venv/bin/python scripts/fetch_prometheus.py >/dev/null || echo "test: without these, the checks of rules and dashboards are skipped" >&2
exec .venv/bin/python -m pytest "$@"
