"""Drawing sequences from a trained network, under constraints."""
