"""What serve does to its own process."""

from __future__ import annotations

import subprocess
import sys


def test_process_may_open_as_many_files_as_the_system_lets_it() -> None:
    code = (
        "import resource as r; from services.cli.serve import FILES_MAX, allow_files; "
        "hard = r.getrlimit(r.RLIMIT_NOFILE)[1]; r.setrlimit(r.RLIMIT_NOFILE, (256, hard)); allow_files(); "
        "soft = r.getrlimit(r.RLIMIT_NOFILE)[0]; "
        "assert soft == (FILES_MAX if hard == r.RLIM_INFINITY else min(hard, FILES_MAX)), soft"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
