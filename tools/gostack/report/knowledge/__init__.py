"""What is known of resource types, as tables: which hold data, answer clients, cost money, or can open a door."""
