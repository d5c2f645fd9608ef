"""What both models share, and nothing about music or dinosaurs: symbols in, symbols out."""
