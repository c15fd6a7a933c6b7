"""One module a migration, named and ordered by number; never changed once released."""
