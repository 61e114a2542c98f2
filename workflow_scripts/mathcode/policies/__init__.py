"""Model folders: loaded, made from scratch, given adapters, saved whole; text to tokens; log-probabilities under a model."""
