"""Chapters run: with their parameters, by papermill, once for each state of what they depend on."""
