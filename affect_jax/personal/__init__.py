"""Personal adaptation: what is stored and learned of one person, on the pooled features of a trained network."""
