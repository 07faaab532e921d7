"""Data sets: readers, stores, augmentation, clips and batches."""
