"""NOTICE: the licences of everything of others that is compiled into what this project ships, or runs beside it."""
