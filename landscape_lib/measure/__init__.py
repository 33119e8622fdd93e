"""What is measured: one module a chapter, and the statistic of every claim."""
