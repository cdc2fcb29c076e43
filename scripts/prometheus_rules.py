"""Writes deploy/k8s/components/monitoring/rules.yaml: the very rules that promtool tests, as PrometheusRules.

.venv/bin/python -m scripts.prometheus_rules            fails when the file is stale
.venv/bin/python -m scripts.prometheus_rules --write    writes it
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "deploy" / "monitoring" / "rules"
WRITTEN = ROOT / "deploy" / "k8s" / "components" / "monitoring" / "rules.yaml"
HEAD = (
    "# Written by `python -m scripts.prometheus_rules --write` from deploy/monitoring/rules; do not edit.\n"
)


def rules() -> list[dict[str, Any]]:
    """One PrometheusRule a file of rules, by name."""
    return [
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "-".join(["frontdesk", *path.relative_to(RULES).with_suffix("").parts])},
            "spec": yaml.safe_load(path.read_text(encoding="utf-8")),
        }
        for path in sorted(RULES.rglob("*.yml"))
    ]


def text() -> str:
    return HEAD + yaml.safe_dump_all(rules(), sort_keys=False, width=110, allow_unicode=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write the file")
    if parser.parse_args().write:
        WRITTEN.write_text(text(), encoding="utf-8")
        return 0
    if not WRITTEN.exists() or WRITTEN.read_text(encoding="utf-8") != text():
        print(
            f"{WRITTEN.relative_to(ROOT)} is stale: python -m scripts.prometheus_rules --write",
            file=sys.stderr,
        )
        return 1
    print("the PrometheusRules are current")
    return 0


if __name__ == "__main__":
    sys.exit(main())
