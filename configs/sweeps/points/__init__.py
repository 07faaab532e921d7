"""Points that several sweeps share."""
