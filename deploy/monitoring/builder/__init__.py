"""Builds the committed dashboards and the recording rules that follow from the catalogue (`make dashboards`)."""
