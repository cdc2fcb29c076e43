"""Judges routing policies on synthetic days whose every draw is known; may import services, never the other way round."""
