"""Written sheet music: parts of bars with their marks -> the score as it is played."""
