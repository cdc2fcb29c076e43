"""Values that come by files: one file a setting, or a folder of them as Kubernetes mounts a Secret."""

from __future__ import annotations

from pathlib import Path

from services.runtime.settings import Reader


def test_a_folder_of_files_named_after_settings_is_read(tmp_path: Path) -> None:
    (tmp_path / "FRONTDESK_IDENTITY_KEY").write_text("from-the-folder\n")
    reader = Reader({"FRONTDESK_SECRETS_DIR": str(tmp_path)})
    assert reader.secret("FRONTDESK_IDENTITY_KEY") == "from-the-folder"
    assert reader.text("FRONTDESK_OTHER", default="none") == "none"
    reader.done()


def test_the_environment_wins_over_files_and_a_named_file_over_the_folder(tmp_path: Path) -> None:
    (tmp_path / "A").write_text("folder")
    (tmp_path / "B").write_text("folder")
    (tmp_path / "b.txt").write_text("file")
    reader = Reader(
        {"FRONTDESK_SECRETS_DIR": str(tmp_path), "A": "environment", "B_FILE": str(tmp_path / "b.txt")}
    )
    assert (reader.text("A"), reader.text("B")) == ("environment", "file")


def test_a_secret_that_is_mounted_through_links_is_followed(tmp_path: Path) -> None:
    """Kubernetes swaps `..data` when a Secret changes; each key is a link through it."""
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..2026" / "KEY").write_text("value")
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "KEY").symlink_to("..data/KEY")
    assert Reader({"FRONTDESK_SECRETS_DIR": str(tmp_path)}).text("KEY") == "value"
