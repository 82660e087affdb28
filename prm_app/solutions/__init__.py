"""Texts and numbers of solutions: steps, files, aggregation, votes. No model and no engine."""
