"""What the stack may cost in a month, and who hears of it before it does."""

import pulumi
import pulumi_aws as aws

from components.aws.args import TaggedArgs
from components.aws.tags import named


class BudgetArgs(TaggedArgs):
    """Inputs of a budget."""

    account: str
    """Identity of the AWS account."""

    stack: str
    """Value of the tag `stack` by which costs are counted; it must be activated as a cost allocation tag."""

    monthly_usd: int
    """Limit of a month in US dollars."""

    topic_arn: pulumi.Input[str]
    """Topic that is told."""


class Budget(pulumi.ComponentResource):
    """A monthly limit: told at 80 % of what was spent, and when the forecast passes it."""

    budget_name: pulumi.Output[str]
    """Name of the budget."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Budget", name, {}, opts)
        budget = aws.budgets.Budget(
            f"{name}-month",
            account_id=args["account"],
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args["monthly_usd"]),
            limit_unit="USD",
            cost_filters=[aws.budgets.BudgetCostFilterArgs(name="TagKeyValue", values=[f"user:stack${args['stack']}"])],
            notifications=[
                aws.budgets.BudgetNotificationArgs(
                    comparison_operator="GREATER_THAN",
                    notification_type=kind,
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    subscriber_sns_topic_arns=[args["topic_arn"]],
                )
                for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.budget_name = budget.name
        self.register_outputs({"budget_name": self.budget_name})
