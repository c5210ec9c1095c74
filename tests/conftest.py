"""Figures: what a test counted is told at the end of the run, whichever worker ran it."""

from collections.abc import Callable

import pytest

Tell = Callable[[str], None]
NAME = "figures"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Give one line to the summary at the end; workers hand it on as a property of their report."""
    return lambda line: record_property(NAME, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines of all tests, passed or failed, in the order of the tests."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    lines = [
        (report.nodeid, value)
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == NAME
    ]
    if lines:
        terminalreporter.section("figures")
        for _, line in sorted(lines, key=lambda pair: pair[0]):
            terminalreporter.line(line)
