"""What a measurement may cost: minutes in a class, or what the paper's own scale needs."""

BUDGETS = ("class", "paper")
