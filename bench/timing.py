"""Time whole processes from outside: wall, CPU and peak memory as the kernel accounts for them."""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """What is timed."""

    argv: Sequence[str]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    expect: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """One finished process."""

    wall_s: float
    cpu_s: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Timing:
    """The samples of one command, in the order of their rounds."""

    samples: tuple[Sample, ...]

    @property
    def wall_s(self) -> float:
        """Median wall time."""
        return statistics.median(sample.wall_s for sample in self.samples)

    @property
    def peak_mib(self) -> float:
        """Largest resident memory of any sample."""
        return max(sample.peak_mib for sample in self.samples)

    def over(self, other: "Timing") -> float:
        """Median of the ratios of samples taken side by side."""
        pairs = zip(self.samples, other.samples, strict=True)
        return statistics.median(ours.wall_s / theirs.wall_s for ours, theirs in pairs)


def once(command: Command) -> Sample:
    """Run it once. Raises SystemExit with what it said when it ends otherwise than expected."""
    began = time.perf_counter()
    process = subprocess.Popen(
        list(command.argv),
        cwd=command.cwd,
        env={**os.environ, **(command.env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != command.expect:
        shown = subprocess.run(
            list(command.argv),
            cwd=command.cwd,
            env={**os.environ, **(command.env or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        msg = f"exit {process.returncode}, not {command.expect}: {command.argv}\n{shown.stdout}{shown.stderr}"
        raise SystemExit(msg)
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turn(commands: Mapping[str, Command], runs: int, *, warm: bool = True) -> dict[str, Timing]:
    """Run A B C A B C ..., so that changes of the machine hit all; a warm-up round does not count."""
    samples: dict[str, list[Sample]] = {name: [] for name in commands}
    for round_ in range(runs + warm):
        for name, command in commands.items():
            sample = once(command)
            if round_ >= warm:
                samples[name].append(sample)
    return {name: Timing(tuple(taken)) for name, taken in samples.items()}
