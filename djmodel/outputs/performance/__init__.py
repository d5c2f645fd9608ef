"""A tune as it is played: feel, dynamics, articulation, deviations, count-in."""
