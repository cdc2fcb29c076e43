"""What the decisions said: lately, and further back in the log."""
