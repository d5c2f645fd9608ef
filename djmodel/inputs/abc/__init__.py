"""ABC notation: tune books -> written sheets."""
