"""The melody of a score: which part has it, why, and as one line."""
