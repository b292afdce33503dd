"""What only rules about row level security need."""
