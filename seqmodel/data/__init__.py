"""Vocabularies and training windows, from memory or from disk."""
