"""Measures of models and of solos."""
