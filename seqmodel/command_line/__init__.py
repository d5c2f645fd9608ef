"""Command lines: options from settings, the runner of every command, the frame of a training."""
