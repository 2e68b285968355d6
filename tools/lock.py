"""The lock files: pyproject.toml resolved into requirements/*.txt, with hashes and without the address of any index."""

import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
LOCKS = {"base": [], "demo": ["--extra", "embedded"], "dev": ["--extra", "embedded", "--extra", "dev"]}


def main() -> int:
    """Resolve every lock file by uv, which gets the arguments of the command line. Return the exit code."""
    uv = shutil.which("uv", path=str(PROJECT / ".venv" / "bin")) or shutil.which("uv")
    if uv is None:
        print("uv is needed to resolve the lock files: .venv/bin/python -m pip install uv", file=sys.stderr)
        return 1
    for name, extras in LOCKS.items():
        target = f"requirements/{name}.txt"
        command = [uv, "pip", "compile", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-header"]
        command += ["--python-version", "3.11", *extras, "pyproject.toml", "--output-file", target, "--quiet"]
        done = subprocess.run([*command, *sys.argv[1:]], check=False, cwd=PROJECT)
        if done.returncode:
            return done.returncode
        print(f"{target} is resolved.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
