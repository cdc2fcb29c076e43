"""The routing report: which runs it takes, what they measure, and how people look at them."""
