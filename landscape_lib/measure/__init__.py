"""What is measured: one module a chapter."""
