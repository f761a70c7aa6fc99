"""Throws changed files, streams and documents at all that reads them: ``python -m tests.fuzz``.

Exits 1 when one of them is answered by anything but a picture or an error of ours, takes a second
or more, or 100 MB or more. ``--target NAME --case N`` runs one case again, in this process.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.fuzz.running import run_apart
from tests.fuzz.targets import targets
from tests.fuzz.worker import Found

CASES = 100_000
# How many of all cases each target gets: most for what strangers' files reach first.
_SHARES = {"Aperio": 3, "TIFF": 4, "described TIFF": 4, "NDPI": 3, "DICOM": 4, "tiles": 3}
_MOST_TOLD = 5  # faults of each target


def main() -> int:
    """Run what was asked for; return the exit status."""
    options = _options()
    names = [options.target] if options.target else list(targets())
    if options.case is not None:
        print("refused" if targets()[names[0]].case(options.case, options.seed).run() else "read")
        return 0
    total = sum(_SHARES.get(name, 1) for name in names)
    counts = {name: -(-options.cases * _SHARES.get(name, 1) // total) for name in names}
    whole, bad = Found(), 0
    with ThreadPoolExecutor(options.workers) as pool:
        runs = {
            name: pool.submit(run_apart, targets()[name], count, options.seed)
            for name, count in counts.items()
        }
        for name, run in runs.items():
            found = run.result()
            whole.add(found)
            print(_line(name, found), flush=True)
            for number, fault in found.faults[:_MOST_TOLD]:
                print(f"  case {number}: {fault}", flush=True)
            bad += len(found.faults)
    print(_line("all", whole))
    return 1 if bad else 0


def _line(name: str, found: Found) -> str:
    slowest, largest = found.slowest, found.largest
    return (
        f"{name:18} {found.cases:>7,} cases, {found.refused / found.cases:4.0%} refused, "
        f"{found.seconds / found.cases * 1e3:5.2f} ms each, slowest {slowest[0] * 1e3:4.0f} ms "
        f"(case {slowest[1]}), largest {largest[0] / 1e6:4.1f} MB (case {largest[1]}), "
        f"{len(found.faults)} faults"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=CASES, help="how many in all")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other cases")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--target", choices=list(targets()), help="only this one")
    parser.add_argument("--case", type=int, help="only this case of the target")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
