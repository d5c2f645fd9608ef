"""Turns tunes into values, learns them, and improvises over chord changes."""
