"""The program behind those targets of the Makefile that check something: steps in order, until one fails."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from partnerportal import embedded
from tools import browser
from tools.messages import APPS
from tools.stages import PORTAL, PROJECT, StageError, base_environment, prepare_assets

SCHEMA = PROJECT / "docs" / "openapi.yaml"
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "partnerportal.settings.production",
    "SECRET_KEY": "only-for-this-check-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "SECRETS_KEYS": "b25seS1mb3ItdGhpcy1jaGVjay1hbmQtbm8tb3RoZXI=",
    "PORTAL_ORIGIN": "https://portal.example.com",
    "EMAIL_URL": "smtp://mail.example.com:25",
}
TESTS = (
    "-q", "-n", "2", "--dist", "worksteal", "-p", "no:playwright",
    "--ignore=tests/journeys", "--ignore=tests/operations",
)  # fmt: skip
COVERAGE = ("--cov", "--cov-report=term", "--cov-report=html")
COUNTS = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed|deselected|warnings?)")


@dataclass
class Run:
    """One run of the steps, with the times and counts for the summary at its end."""

    environment: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)

    def step(self, name: str, work: Callable[[], None]) -> None:
        """Do one step and note its time. Raises StageError, with the name of the step, if it fails."""
        print(f"\n=== {name}", flush=True)
        started = time.monotonic()
        try:
            work()
        except StageError as error:
            raise StageError(f"{name}: {error}") from None
        self.seconds[name] = time.monotonic() - started
        print(f"--- {name}: {self.seconds[name]:.1f} s", flush=True)

    def python(self, *arguments: str, **extra: str) -> None:
        """Run Python with these arguments and with `extra` variables. Raises StageError if it fails."""
        command = [sys.executable, *arguments]
        if subprocess.run(command, check=False, cwd=PROJECT, env=self.environment | extra).returncode:
            raise StageError("python " + " ".join(arguments[:4]))

    def pytest(self, *arguments: str) -> None:
        """Run pytest, show its output and add its counts up. Raises StageError if it fails."""
        with self._pytest(*arguments, output=subprocess.PIPE) as suite:
            self._report(suite, suite.stdout or ())

    @contextmanager
    def pytest_beside(self, *arguments: str, **extra: str) -> Iterator[Callable[[], None]]:
        """Run pytest beside the block, with `extra` variables.

        Yields a function that waits for its end, shows its output, adds its counts up, and raises StageError if it
        failed.
        """
        log = PORTAL / "beside.log"
        with log.open("w") as output, self._pytest(*arguments, output=output, **extra) as suite:

            def report() -> None:
                suite.wait()
                self._report(suite, log.read_text().splitlines(keepends=True))

            yield report

    @contextmanager
    def _pytest(self, *arguments: str, output: IO[str] | int, **extra: str) -> Iterator[subprocess.Popen[str]]:
        """Start pytest for the block, and wait for it at the end.

        When the block fails, pytest is interrupted, so that it ends what it has started. Ctrl-C reaches it too.
        """
        command = [sys.executable, "-m", "pytest", *arguments]
        suite = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=self.environment | extra,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield suite
        except Exception:
            suite.send_signal(signal.SIGINT)
            raise
        finally:
            suite.wait()

    def _report(self, suite: subprocess.Popen[str], lines: Iterable[str]) -> None:
        """Print pytest's output and add its counts up, for the summary line. Raises StageError if it failed."""
        last = ""
        for line in lines:
            print(line, end="", flush=True)
            last = line if COUNTS.search(line) and " in " in line else last
        self.counts.update({word.rstrip("s") if word[0] in "ew" else word: int(n) for n, word in COUNTS.findall(last)})
        if suite.wait():
            raise StageError("pytest")


def main() -> int:
    """Run the plan that the argument names, and print a summary. Return the exit code."""
    mode = sys.argv[1] if len(sys.argv) == 2 else ""
    plans = {
        "test": test, "test-long": test_long, "check": check, "coverage": coverage, "schema": schema,
        "operations": operations, "faults": faults,
    }  # fmt: skip
    if mode not in plans:
        print(f"Usage: python -m tools.verify {'|'.join(plans)}", file=sys.stderr)
        return 2
    started = time.monotonic()
    run = Run(base_environment() | {"DJANGO_SETTINGS_MODULE": "partnerportal.settings.test"})
    try:
        run.step("Databases, fonts, translations", lambda: prepare(run))
        plans[mode](run)
    except (StageError, embedded.EmbeddedServerError) as error:
        print(f"\nFAILED {error}", file=sys.stderr, flush=True)
        summary(run, time.monotonic() - started)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if os.environ.get("CI"):
            embedded.stop_servers(embedded.TEST_ROOT)
    summary(run, time.monotonic() - started)
    return 0


def prepare(run: Run) -> None:
    """Start the test databases, and make the font and the translations."""
    PORTAL.mkdir(exist_ok=True)
    run.environment |= embedded.environment(embedded.TEST_ROOT, durable=False)
    prepare_assets(run.environment)


def check(run: Run) -> None:
    """Run what `make check` does: the checks of the source, and the fast tests."""
    source_steps(run)
    run.step("Fast tests", lambda: run.pytest(*TESTS, "-m", "not slow"))
    run.left_out += ["slow tests", "browser journeys", "translations", "API schema", "deployment check"]


def test(run: Run) -> None:
    """Run what `make test` does: everything but `operations` and the long faults.

    The journeys begin first and run beside the rest, because they take longest and a browser waits much of its time.
    """
    if os.environ.get("BROWSER") == "none":
        test_without_browser(run)
        run.left_out.append("browser journeys (BROWSER=none)")
        return
    program = browser.ensure()
    if program is None:
        raise StageError(browser.HOW)
    with run.pytest_beside("-q", "tests/journeys", CHROMIUM=program) as journeys:
        test_without_browser(run)
        run.step("Browser journeys, begun before all", journeys)


def test_long(run: Run) -> None:
    """Run what `test` does, with every round and invented example, of which it takes a tenth (tests/counts.py)."""
    run.environment |= {"TEST_LONG": "1"}
    test(run)


def test_without_browser(run: Run) -> None:
    """Run every check and test that needs no browser."""
    source_steps(run)
    run.step("Translations", lambda: run.python("-m", "tools.messages", "--check"))
    run.step(
        "Migrations", lambda: run.python("manage.py", "makemigrations", "--check", "--dry-run", PORTAL_PROCESS="owner")
    )
    run.step(
        "Deployment check",
        lambda: run.python("manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION),
    )
    run.step("API schema", lambda: schema_is_current(run))
    run.step("Tests", lambda: run.pytest(*TESTS))


def coverage(run: Run) -> None:
    """Run the tests and report the lines that none of them reaches.

    `make test` does not, because tracing costs nearly half as much again as the tests that it traces.
    """
    run.step("Tests with coverage", lambda: run.pytest(*TESTS, *COVERAGE))


def operations(run: Run) -> None:
    """Run the blocks of docs/operations.md in their order, so that each finds what the ones before it made.

    Skips say what is left out. Nothing is captured, because the two upgrades print the figures that the page names.
    """
    options = ("-v", "-s", "-n0", "-p", "no:randomly", "-rs", "--timeout=1800")
    run.step("docs/operations.md", lambda: run.pytest(*options, "tests/operations"))


def faults(run: Run) -> None:
    """Run the faults one after the other, each as long as it might last in earnest (FAULT_SECONDS, by default 60).

    Shorter ones are among the slow tests of `test`.
    """
    seconds = os.environ.get("FAULT_SECONDS") or "60"
    run.environment |= {"FAULT_SECONDS": seconds}
    run.step(f"Faults of {seconds} s", lambda: run.pytest("-v", "-n0", "-p", "no:randomly", "tests/faults"))


def schema(run: Run) -> None:
    """Write the API's schema into docs/openapi.yaml."""
    run.step("API schema", lambda: write_schema(run, SCHEMA))


def source_steps(run: Run) -> None:
    """Check the source itself: lint, format, templates, types and layers."""
    run.step("Lint", lambda: run.python("-m", "ruff", "check", "."))
    run.step("Format", lambda: run.python("-m", "ruff", "format", "--check", "."))
    run.step("Templates", lambda: run.python("-m", "djlint", "templates", "--lint", "--quiet"))
    run.step("Types", lambda: run.python("-m", "mypy", *APPS, "tools"))
    run.step("Layers", lambda: run.python("-c", "from importlinter.cli import lint_imports_command as lint; lint()"))


def schema_is_current(run: Run) -> None:
    """Raise StageError if docs/openapi.yaml is not what the code says."""
    fresh = PORTAL / "openapi.yaml"
    write_schema(run, fresh)
    if not SCHEMA.exists() or SCHEMA.read_text() != fresh.read_text():
        raise StageError("docs/openapi.yaml differs from the code; run: make schema")


def write_schema(run: Run, path: Path) -> None:
    """Write the API's schema to `path`, and fail for any warning."""
    run.python("manage.py", "spectacular", "--validate", "--fail-on-warn", "--file", str(path), PORTAL_PROCESS="job")


def summary(run: Run, seconds: float) -> None:
    """Print the time of each step, what was left out, and the counts of all tests in one line."""
    print("\n" + "\n".join(f"  {spent:6.1f} s  {name}" for name, spent in run.seconds.items()))
    for what in run.left_out:
        print(f"  left out: {what}")
    counts = ", ".join(f"{number} {word}" for word, number in run.counts.items()) or "no tests ran"
    print(f"\n==== {counts} in {seconds:.2f}s ====", flush=True)


if __name__ == "__main__":
    sys.exit(main())
