"""The parts that both models share, without music or dinosaurs: symbols in, symbols out."""
