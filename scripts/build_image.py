"""Builds the image of all services without Docker and without a registry, and says what it is called.

    .venv/bin/python -m scripts.build_image             builds it (as root, on Debian or a relative)
    .venv/bin/python -m scripts.build_image --run       builds it, runs it with a read-only root and stops it

The base is Debian's own Python, bootstrapped from Debian's packages by mmdebstrap; buildah runs the committed
Dockerfile over it, each step in a chroot. pip's configuration of this machine (an index, a certificate) is handed
over as build secrets: it is in no layer. The base and the image stay in .tools/images until `--clean`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.buildah import PLACE, ROOT, SECONDS_MAX, CannotBuild, run
from scripts.run_image import try_out

SUITE = "bookworm"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
HEADERS = """
set -e
cd "$1/tmp"
chroot "$1" sh -c 'cd /tmp && apt-get -qq download libpython3.11-dev && dpkg-deb -x libpython3.11-dev_*.deb headers'
mkdir -p "$1/usr/include/$(uname -m)-linux-gnu"
cp -a headers/usr/include/python3.11 "$1/usr/include/"
cp -a "headers/usr/include/$(uname -m)-linux-gnu/python3.11" "$1/usr/include/$(uname -m)-linux-gnu/"
rm -r headers libpython3.11-dev_*.deb
"""
"""Python.h for the compiled part, 1 MB; the package it is in brings a C library's headers too, 60 MB."""
BASE, IMAGE = "localhost/frontdesk-base:2", "localhost/frontdesk"
NEEDED = ("buildah", "mmdebstrap")


@dataclass(frozen=True)
class Image:
    """A built image; `content` is the digest of what it was built from."""

    name: str
    content: str


def missing() -> list[str]:
    """What this machine lacks; empty when it can build."""
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    return lacking if os.geteuid() == 0 else [*lacking, "root"]


def build() -> Image:
    """The image of the working tree; the one that is there when nothing has changed. Raises CannotBuild."""
    if lacking := missing():
        raise CannotBuild(
            f"missing: {', '.join(lacking)}; as root: apt-get install buildah mmdebstrap runc. With Docker: "
            "docker build -f deploy/docker/Dockerfile --build-arg BASE=python:3.11-slim-bookworm@sha256:... ."
        )
    content = digest()
    name = f"{IMAGE}:{content[:12]}"
    if not _has(name):
        _forget_older()
        _make_base()
        with tempfile.TemporaryDirectory(prefix="frontdesk-image-") as folder:
            _bud(name, pip_secrets(Path(folder)))
        run(["tag", name, f"{IMAGE}:latest"])
    return Image(name, content)


def digest() -> str:
    """Of everything that goes into the image."""
    found = hashlib.sha256()
    wanted = [
        "deploy/docker",
        "requirements",
        "frontdesk",
        "services",
        "simulator",
        "pyproject.toml",
        "setup.py",
        ".dockerignore",
    ]
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *wanted],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in sorted(listed.stdout.splitlines()):
        if (ROOT / name).is_file():
            found.update(name.encode() + b"\0" + (ROOT / name).read_bytes() + b"\0")
    return found.hexdigest()


def pip_secrets(folder: Path) -> list[str]:
    """pip's configuration of this machine as build secrets; paths in it that only exist here are left out."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    known = dict(line.split("=", 1) for line in listed.stdout.splitlines() if "=" in line)
    values = {key.rsplit(".", 1)[-1]: value.strip("'\"") for key, value in known.items()}
    lines = ["[global]"]
    lines += [
        f"{key} = {values[key]}"
        for key in ("index-url", "extra-index-url", "trusted-host", "timeout")
        if key in values
    ]
    certificate = Path(values.get("cert") or os.environ.get("SSL_CERT_FILE") or "")
    arguments = []
    if certificate.is_file():
        shutil.copy(certificate, folder / "ca.pem")
        lines.append("cert = /run/secrets/ca.pem")
        arguments = ["--secret", f"id=ca,src={folder / 'ca.pem'}"]
    (folder / "pip.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [*arguments, "--secret", f"id=pip,src={folder / 'pip.conf'}"]


def _forget_older() -> None:
    """Removes images of older sources: each is half a gigabyte, and is built again in minutes."""
    try:
        known = json.loads(run(["images", "--json", "--filter", f"reference={IMAGE}"]) or "[]") or []
        for image in known:
            run(["rmi", "--force", image["id"]])
    except CannotBuild:  # a store that an interrupted build has left broken: begin anew, the base is a file
        shutil.rmtree(PLACE / "store", ignore_errors=True)


def _has(name: str) -> bool:
    try:
        run(["inspect", "--type", "image", name])
    except CannotBuild:
        return False
    return True


def _make_base() -> None:
    """Debian with Python, as an image; once."""
    if _has(BASE):
        return
    PLACE.mkdir(parents=True, exist_ok=True)
    tarball = PLACE / "base-2.tar"
    if not tarball.exists():
        made = PLACE / "base.part.tar"
        done = subprocess.run(
            [
                *("mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"),
                *(f"--customize-hook={HEADERS}", SUITE, str(made)),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_MAX,
        )
        if done.returncode != 0:
            raise CannotBuild(f"mmdebstrap failed:\n{done.stderr[-1500:]}")
        made.rename(tarball)
    container = run(["from", "scratch"]).strip()
    try:
        run(["add", container, str(tarball), "/"])
        run(["commit", container, BASE])
    finally:
        run(["rm", container])


def _bud(name: str, secrets: Sequence[str]) -> None:
    """The Dockerfile, over the base. Without intermediate images: the vfs driver copies the whole base for each."""
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    run(
        [
            *("bud", "--pull=never", "--isolation", "chroot", "--network", "host", "--layers=false"),
            *("--build-arg", f"BASE={BASE}", "--build-arg", f"REVISION={revision or 'unknown'}"),
            *secrets,
            *("-f", "deploy/docker/Dockerfile", "-t", name, "."),
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", action="store_true", help="run it read-only, ask its health, stop it")
    parser.add_argument("--clean", action="store_true", help="remove the base and all images made here")
    options = parser.parse_args()
    if options.clean:
        shutil.rmtree(PLACE, ignore_errors=True)
        return 0
    try:
        image = build()
        print(f"image: {image.name}")
        if options.run:
            for line in try_out(image.name):
                print(f"image: {line}")
    except CannotBuild as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
