"""What the rules of history need: what each tool does with a changed history, and both orders of a chain."""
