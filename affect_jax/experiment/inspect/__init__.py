"""What a run would need: its training step is compiled from shapes alone, and nothing is trained."""
