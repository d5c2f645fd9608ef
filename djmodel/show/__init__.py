"""A tune as people see and hear it: piano rolls, lead sheets, pages, files of any kind."""
