"""Networks made out of other networks: inflated, factorized, pruned, converted."""
