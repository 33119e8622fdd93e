"""Slides for a lecture, a deck a chapter."""
