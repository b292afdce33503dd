"""References without a constraint, tried out: which delete leaves them dangling."""
