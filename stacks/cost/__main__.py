"""The command: reads a stack's settings from its file and prints what it will cost."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from stacks.cost.estimate import MONTHS, Estimate, compare, estimate
from stacks.cost.prices import PriceMissing, load
from stacks.cost.report import difference_text, document, text
from stacks.cost.workload import Workload, option

ROOT = Path(__file__).parents[2]
WRONG = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the estimate; return 0, or 2 when a stack or a price is not to be had."""
    from stacks.config import ConfigError, load_file  # noqa: PLC0415 - Pulumi takes a second

    given = _parser().parse_args(arguments)
    try:
        work = Workload(**{each.name: getattr(given, each.name) for each in fields(Workload)})

        def priced(stack: str) -> Estimate:
            settings = load_file(given.folder, stack)
            prices = load(given.region or region_of(given.folder, stack))
            return estimate(settings, work, prices, stack=stack, months=given.months)

        one = priced(given.stack)
        other = priced(given.compare) if given.compare else None
    except (ConfigError, PriceMissing, ValueError) as error:
        sys.stderr.write(f"cost: {error}\n")
        return WRONG
    changes = compare(one, other) if other else []
    if given.json:
        answer = json.dumps(document(one, other, changes), indent=2)
    elif other:
        answer = difference_text(one, other, changes)
    else:
        answer = text(one)
    sys.stdout.write(f"{answer}\n")
    return 0


def region_of(folder: Path, stack: str) -> str:
    """Return the region that the stack's file names."""
    from stacks.config import read_stack  # noqa: PLC0415 - see above

    region = read_stack(folder, stack).get("aws:region")
    if not region:
        raise ValueError(f"aws:region: not set in Pulumi.{stack}.yaml; give --region")
    return region


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stacks.cost", description="What a stack will cost, before it is deployed."
    )
    parser.add_argument("--stack", required=True, help="the stack, as in Pulumi.STACK.yaml")
    parser.add_argument("--compare", metavar="OTHER", help="print the difference to this stack")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--region", help="prices of this region instead of the stack's own")
    parser.add_argument("--folder", type=Path, default=ROOT, help=argparse.SUPPRESS)
    parser.add_argument(
        "--months", type=_months, default=MONTHS, help="which months, from 1 on (1,12,36)"
    )
    for each in fields(Workload):
        kind = float if each.type is float else int
        parser.add_argument(
            option(each.name),
            type=kind,
            default=each.default,
            help=f"{each.metadata['help']} (default {each.default})",
        )
    return parser


def _months(written: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in written.split(",")}))
    except ValueError:
        raise argparse.ArgumentTypeError(f"numbers such as 1,12,36, got {written!r}") from None


if __name__ == "__main__":
    sys.exit(main())
