"""Prints how much of prod was judged: `python -m tests.aws`."""

from tests.aws.account import empty_account
from tests.aws.judgement import Bench
from tests.graph.prod import prod_graph

with empty_account() as account:
    judgement = Bench(account).hear(prod_graph())
covered = judgement.properties & judgement.covered
print(f"{judgement.counts['model']} resources by the models of {judgement.counts['calls']} calls made and others")
print(f"{judgement.counts['account']} made in moto, {judgement.counts['template']} linted as CloudFormation")
print(f"{len(covered)} of {len(judgement.properties)} properties of types have a judge")
for judge, found in judgement.findings.items():
    print(f"{judge}: {len(found)} findings", *found, sep="\n  ")
