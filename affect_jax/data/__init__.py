"""Data sets, their readers, and what stands between a image and a batch."""
