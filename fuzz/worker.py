"""Fuzzes one target in this process until its time is over or an input breaks it (atheris, libFuzzer's engine).

python -m fuzz.worker TARGET FOLDER SECONDS
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["services.intake", "services.contract", "email", "urllib", "json"]):
    from fuzz import targets


def main() -> None:
    """Runs the target; libFuzzer ends the process, with a status other than 0 after a crash or a hang."""
    name, folder, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    run, seeds = targets.target(name)
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number:04d}").write_bytes(seed)
    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-max_total_time={seconds}",
            f"-max_len={targets.BYTES_MAX}",
            f"-timeout={targets.SECONDS_MAX}",
            f"-artifact_prefix={folder}/broke-",
            "-print_final_stats=1",
            "-rss_limit_mb=2048",
        ],
        run,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
