#!/usr/bin/python3
"""Runs every test and ends with one line: 'N passed, N failed'.

Three kinds: meson's (unit tests and fuzz corpora) in each build; tests/host, about the tree itself, outside;
tests/integration, each module in a sandbox of its own with the service built under the sanitizers, several at
once. A report of a sanitizer in a service's log is a failure, whichever process it came from, and so is a part
that ended without saying how its tests went.

usage: run.py [--quick] [NAME]...    --quick: one build, no test marked slow. NAME: only modules so named.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

TOP = pathlib.Path(__file__).resolve().parent.parent
LOGS = TOP / "build-asan" / "test-logs"
SANITIZERS = {
    "ASAN_OPTIONS": "halt_on_error=1:abort_on_error=0:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "LSAN_OPTIONS": "report_objects=1",
}
REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|LeakSanitizer has encountered")
MODULE_LIMIT_SEC = 840

sys.path.insert(0, str(TOP / "tests" / "integration"))
from accounts import PASSWORDS  # noqa: E402


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed


def environment():
    # vptr: no COM interface is a C++ object with type information behind it
    sanitize = "-g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-sanitize=vptr"
    return dict(os.environ, PYTHONDONTWRITEBYTECODE="1", BITS_TEST_CFLAGS=sanitize, **SANITIZERS)


def meson_tests(build):
    tally = Tally()
    log = TOP / build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    done = subprocess.run(
        ["meson", "test", "-C", str(TOP / build), "--no-rebuild", "--print-errorlogs"], env=environment(), check=False
    )
    if not log.exists():
        tally.failed.append(f"{build}: meson test ended with {done.returncode} and without results")
        return tally
    for line in log.read_text().splitlines():
        result = json.loads(line)
        if result["result"] in ("OK", "EXPECTEDFAIL"):
            tally.passed += 1
        else:
            tally.failed.append(f"{build}: {result['name']}: {result['result']}")
    return tally


def junit_tally(name, report, status):
    tally = Tally()
    try:
        cases = list(xml.etree.ElementTree.parse(report).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError):
        cases = []
    for case in cases:
        if any(case.find(word) is not None for word in ("failure", "error", "skipped")):  # a skipped test proves nothing
            tally.failed.append(f"{name}: {case.get('name')}")
        else:
            tally.passed += 1
    if status not in (0, 5) and not tally.failed:  # 5: all deselected
        tally.failed.append(f"{name}: pytest ended with {status}")
    return tally


def sanitizer_reports(name, log):
    if not log.exists():
        return [f"{name}: the service left no log"]
    return [f"{name}: {line.strip()}" for line in log.read_text(errors="replace").splitlines() if REPORT.search(line)]


def pytest_arguments(module, report, quick):
    arguments = ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", str(report)]
    return arguments + (["-m", "not slow"] if quick else []) + [str(module)]


def run_module(module, quick):
    """One module of tests/integration in a sandbox, or of tests/host outside."""
    sandboxed = module.parent.name == "integration"
    directory = LOGS / module.stem
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    report, log, output = directory / "pytest.xml", directory / "bitsd.log", directory / "output.txt"

    command = pytest_arguments(module, report, quick)
    if sandboxed:
        accounts = [word for name, password in PASSWORDS.items() for word in ("--account", f"{name}:{password}")]
        sandbox = [str(TOP / "dev"), "sandbox", "--build", str(TOP / "build-asan"), "--log", str(log)]
        command = sandbox + accounts + ["--"] + command
    with output.open("wb") as stream:
        try:
            status = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, cwd=TOP, env=environment(),
                timeout=MODULE_LIMIT_SEC, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            status = "a time-out"

    tally = junit_tally(module.stem, report, status)
    if sandboxed:
        tally.failed += sanitizer_reports(module.stem, log)
    return tally, output


def modules(names):
    found = sorted((TOP / "tests" / "integration").glob("test_*.py")) + sorted((TOP / "tests" / "host").glob("test_*.py"))
    if names:
        found = [module for module in found if any(name in module.stem for name in names)]
    return sorted(found, key=lambda module: -module.stat().st_size)  # the long ones first


def run_modules(names, quick):
    total = Tally()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {pool.submit(run_module, module, quick): module for module in modules(names)}
        for run in concurrent.futures.as_completed(runs):
            tally, output = run.result()
            print(f"{runs[run].stem}: {tally.passed} passed, {len(tally.failed)} failed", flush=True)
            if tally.failed:
                print(output.read_text(errors="replace")[-20000:], flush=True)
            total.add(tally)
    return total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()

    total = Tally()
    with tempfile.TemporaryDirectory(prefix="bits-test-") as directory:
        os.chmod(directory, 0o711)  # the tests' accounts pass through
        os.environ["TMPDIR"] = directory  # pytest leaves its own behind
        if not arguments.names:
            for build in ["build-asan"] if arguments.quick else ["build-asan", "build-clang"]:
                total.add(meson_tests(build))
        total.add(run_modules(arguments.names, arguments.quick))
    if not total.passed and not total.failed:
        total.failed.append("no test ran")
    for failure in total.failed:
        print(f"FAILED {failure}")
    print(f"{total.passed} passed, {len(total.failed)} failed")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
