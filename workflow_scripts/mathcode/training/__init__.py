"""From the table training to a trained model: losses, batches, optimisers, checkpoints, one loop."""
