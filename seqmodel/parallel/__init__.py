"""Work on several cores: process pools, threads, sandboxed calls."""
