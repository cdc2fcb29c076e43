"""What the owner of a partition is made of (engine.md 1.5)."""
