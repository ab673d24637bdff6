"""What is known of resource types, as tables: which hold data, which answer clients, which cost, which can open a door."""
