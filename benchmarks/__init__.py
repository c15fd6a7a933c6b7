"""Measurements beside what a user would write, as ratios from one run."""
