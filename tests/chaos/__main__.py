"""A chaos run from the command line: `python -m tests.chaos --seconds 600 --seed 7 --journal postgres`."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos import auditor
from tests.chaos.run import run


def main() -> int:
    """Make the run, and tell what is wrong; the exit code is 1 if anything is."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long callers call, in each run")
    parser.add_argument("--seed", type=int, default=None, help="what decides the calls and the weather")
    parser.add_argument("--journal", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--max-call-hours", type=float, default=0.01)
    parser.add_argument("--keep", action="store_true", help="keep the folder with the journal and the diaries")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    wrong = 0
    for journal in ("sqlite", "postgres") if given.journal == "both" else (given.journal,):
        folder = Path(tempfile.mkdtemp(prefix="switchhook-chaos-"))
        try:
            report = asyncio.run(run(folder, journal, given.seconds, seed, given.max_call_hours))
        finally:
            if not given.keep:
                shutil.rmtree(folder, ignore_errors=True)
        print(report.summary, flush=True)
        complaints = auditor.audit(report.evidence)
        wrong += len(complaints)
        print("\n".join(complaints) if complaints else "  nothing is wrong", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
