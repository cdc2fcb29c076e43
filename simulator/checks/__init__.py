"""Outside checks, before any result of a policy is believed (routing.md 6.8): theory, another simulator, exact optima."""
