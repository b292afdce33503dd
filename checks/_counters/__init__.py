"""Stored counts, tried out: what they count, and which operation lets them drift."""
