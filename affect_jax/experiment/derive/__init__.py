"""Networks derived from other networks: inflated, factorized, pruned, converted."""
