"""The shell blocks of docs/operations.md: what each says of itself, and how they are run one after another.

A block says after `sh` where it belongs: `containers`, `hand`, or `elsewhere` when it needs a machine of its own.
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "operations.md"
SETTINGS = ("containers", "hand", "elsewhere")
UNTRIED = "What no test tries"  # the section that lists the headings of blocks that belong elsewhere


@dataclass(frozen=True)
class Block:
    """One shell block, with the heading that it stands under and the line that it begins in."""

    heading: str
    line: int
    setting: str
    text: str


def blocks() -> Iterator[Block]:
    """Every fenced block of the page whose language is sh, in its order."""
    heading, begun, setting, lines = "", 0, "", list[str]()
    for number, line in enumerate(PAGE.read_text().splitlines(), start=1):
        if begun and line.startswith("```"):
            if setting is not None and setting.split()[:1] == ["sh"]:
                yield Block(heading, begun, " ".join(setting.split()[1:]), "\n".join(lines) + "\n")
            begun, lines = 0, []
        elif begun:
            lines.append(line)
        elif line.startswith("```"):
            begun, setting = number, line.removeprefix("```")
        elif line.startswith("#"):
            heading = line.lstrip("# ")


def untried_headings() -> set[str]:
    """The headings that the page itself lists as not tried by any test."""
    section = PAGE.read_text().partition(f"# {UNTRIED}\n")[2].partition("\n#")[0]
    return set(re.findall(r"^- \[?([^\]\n:]+)", section, re.MULTILINE))


class Shell:
    """Runs blocks as one session of bash would: variables, the environment and the folder stay."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.output = ""  # of the last block
        self._state = folder.parent / "session"
        self._groups: list[int] = []

    def run(self, text: str, *, seconds: float = 1200) -> str:
        """Run one block to its end and return what it printed. Raises AssertionError when a command of it fails.

        What it leaves in the background goes on until `end`.
        """
        state, printed = self._state, self.folder.parent / "printed"
        save = f"{{ declare -p | grep -v '^declare -[a-zA-Z]*[rA]'; echo \"cd '$PWD'\"; }} >{state}"
        script = f"[ ! -e {state} ] || . {state} 2>/dev/null\nset -e -o pipefail\n{text}\n{save}\n"
        with printed.open("w") as output:
            shell = subprocess.Popen(
                ["bash", "-c", script], cwd=self.folder, env=self.environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
            self._groups.append(shell.pid)
            code = shell.wait(seconds)
        self.output = printed.read_text(errors="replace")
        assert code == 0, f"exit code {code} of\n{text}\n{self.output[-4000:]}"
        return self.output

    def end(self) -> None:
        """End what blocks have left in the background."""
        for group in self._groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)
        self._groups.clear()


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what belongs to tests, so that a block finds what an operator's shell has."""
    ours = re.compile(r"DJANGO_|PYTEST|(ADMIN_)?DATABASE_|REDIS_|PORTAL_|SECRET|EMAIL_|VIRTUAL_ENV|COMPOSE_|PRIVATE_")
    return {name: value for name, value in os.environ.items() if not ours.match(name)} | more
