"""The Weimar Jazz Database -> tunes: transcribed solos over chord changes."""
