"""Data sets, their readers, and what stands between an image and a batch."""
