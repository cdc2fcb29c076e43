"""A desk's configuration: read, checked whole, written."""
