"""The training loop, its two trainers, checkpoints and distributed training."""
