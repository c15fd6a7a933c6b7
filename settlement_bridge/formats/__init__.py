"""Settlement files: one module a format, behind one port."""
