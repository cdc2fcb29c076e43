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


def test_process_of_the_router_loads_neither_intake_nor_the_solver_of_prices() -> None:
    """Half a second of CPU and more, on which every restart would wait; who prices loads the solver beside its work."""
    code = (
        "import sys; from services.cli import parts, serve; from services.cli.plan import Plan; "
        "Plan.from_env({'FRONTDESK_IDENTITY_KEY': '0' * 64}, ('router',), None, []); "
        "from services.router.build import build; "
        "loaded = {'services.intake.build', 'services.metrics.build', 'ftfy', 'scipy'} & sys.modules.keys(); "
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
