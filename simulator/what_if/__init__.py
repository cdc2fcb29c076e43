"""A desk's own log played again: the same customers and agents under another policy, staffing or grants."""
