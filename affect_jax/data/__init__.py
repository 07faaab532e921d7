"""Data sets, their readers, and what stands between a picture and a batch."""
