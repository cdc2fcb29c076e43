"""A real IMAP server (Debian's dovecot-imapd) on loopback, with TLS and mailboxes of its own, for one test module."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from imaplib import IMAP4_SSL, Time2Internaldate
from pathlib import Path

import trustme

from services.runtime.ports import free_port

PROGRAM = shutil.which("dovecot") or ("/usr/sbin/dovecot" if Path("/usr/sbin/dovecot").exists() else "")
NO_DOVECOT = "no dovecot here: apt-get install dovecot-imapd"
PASSWORD = 'pass"word\\ with, marks'
START_SECONDS_MAX = 20.0
CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mail/%n
mail_plugins = acl
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
imap_capability = {capability}
plugin {{
  acl = vfile:{folder}/acl
}}
passdb {{
  driver = passwd-file
  args = scheme=plain {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """Where it listens, and what proves it."""

    port: int
    ca_file: Path
    trust: ssl.SSLContext

    @contextmanager
    def person(self, user: str) -> Iterator[IMAP4_SSL]:
        """A person's own mail program: the standard library's client, in the inbox."""
        with IMAP4_SSL("localhost", self.port, ssl_context=self.trust, timeout=10) as client:
            client.login(user, PASSWORD)
            client.select()
            yield client

    def put(self, user: str, data: bytes, folder: str = "INBOX", days_old: int = 0) -> None:
        """Lays a mail into a folder, as if it had come some days ago."""
        at = Time2Internaldate(time.time() - days_old * 86_400) if days_old else ""
        with self.person(user) as client:
            kind, told = client.append(folder, "", at, data)
            assert kind == "OK", told


@contextmanager
def dovecot(*, idle: bool = True) -> Iterator[Dovecot]:
    """Starts one, and ends it. Mailboxes: `desk`, and `reader`, who may not change a mail's flags."""
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-dovecot-"))
    folder.chmod(0o755)
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    (folder / "cert.pem").write_bytes(b"".join(one.bytes() for one in certificate.cert_chain_pems))
    (folder / "key.pem").write_bytes(certificate.private_key_pem.bytes())
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    users = "".join(f"{user}@acme.example:{{PLAIN}}{PASSWORD}\n" for user in ("desk", "reader"))
    (folder / "users").write_text(users)
    (folder / "acl").write_text("* user=desk@acme.example lrwstipekxa\n* user=reader@acme.example lrip\n")
    (folder / "mail").mkdir(mode=0o777)
    (folder / "mail").chmod(0o777)
    port = free_port()
    root = os.getuid() == 0
    me = getpass.getuser()
    config = CONFIG.format(
        folder=folder,
        port=port,
        internal="dovecot" if root else me,
        group="dovecot" if root else me,
        login="dovenull" if root else me,
        uid=8 if root else os.getuid(),
        gid=8 if root else os.getgid(),
        capability="+" + ("" if idle else " "),
    )
    if not idle:
        config = config.replace("imap_capability = + ", "imap_capability = IMAP4rev1 UIDPLUS")
    else:
        config = config.replace("imap_capability = +\n", "")
    (folder / "dovecot.conf").write_text(config)
    process = subprocess.Popen(
        [PROGRAM, "-F", "-c", str(folder / "dovecot.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    try:
        _wait(port, process, folder)
        yield Dovecot(port, folder / "ca.pem", trust)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    told = (folder / "dovecot.log").read_text() if (folder / "dovecot.log").exists() else "no log"
    raise RuntimeError(f"dovecot does not answer: {told[-2_000:]}")
