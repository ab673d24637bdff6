"""`python -m tests.mutations`: which one-line mistakes in the program do the fast tests catch without golden files?

Exits with 1 when fewer than 95 in 100 are caught, and with 2 when a mutation's line is not in its file any more.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.mutations import worker
from tests.mutations.model import PROJECT, Mutation, catalogue

LEAST_CAUGHT = 95
WORKERS = 2


def stale(mutations: Sequence[Mutation]) -> list[str]:
    """What is wrong with mutations whose lines the program no longer has."""
    problems: list[str] = []
    for mutation in mutations:
        try:
            mutation.mutated((PROJECT / mutation.file).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            problems.append(str(error))
    return problems


def main(arguments: Sequence[str]) -> int:
    """Try the mutations and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--only", metavar="NAME", nargs="+", help="those whose name contains one of these")
    parser.add_argument("--list", action="store_true", help="print them and try none")
    options = parser.parse_args(arguments)
    mutations = [
        mutation for mutation in catalogue() if not options.only or any(part in mutation.name for part in options.only)
    ]
    problems = stale(mutations)
    if problems or not mutations:
        sys.stderr.write("\n".join(problems or ["no mutation has such a name"]) + "\n")
        return 2
    if options.list:
        for mutation in mutations:
            print(f"{mutation.name:<32} {mutation.file:<48} {mutation.breaks}")
        return 0
    shares = [list(mutations[number::WORKERS]) for number in range(min(WORKERS, len(mutations)))]
    with ProcessPoolExecutor(len(shares), mp_context=get_context("spawn")) as pool:
        tests = sorted({test for mutation in mutations for test in mutation.tests})
        # A test that fails anyway would catch everything. A few mutations are not worth the time that this takes.
        verified = [[] if options.only else tests[number :: len(shares)] for number in range(len(shares))]
        outcomes = [outcome for found in pool.map(worker.share, shares, verified) for outcome in found]
    order = {mutation.name: number for number, mutation in enumerate(mutations)}
    for outcome in sorted(outcomes, key=lambda item: order[item.mutation.name]):
        result = f"caught    {outcome.caught_by}" if outcome.caught_by else f"SURVIVED  {outcome.mutation.breaks}"
        print(f"{outcome.mutation.name:<32} {outcome.cpu_seconds:5.1f} s  {result}")
    caught = sum(bool(outcome.caught_by) for outcome in outcomes)
    seconds = sum(outcome.cpu_seconds for outcome in outcomes)
    print(f"{caught} of {len(outcomes)} caught, {seconds:.0f} s of a processor")
    return 0 if caught * 100 >= LEAST_CAUGHT * len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
