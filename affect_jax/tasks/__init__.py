"""What a network is trained for: the only place that knows labels, loss terms and scores."""
