"""The pages: sources laid out with what was measured filled in, checked, built by Jupyter Book, and mended."""
