"""What runs beside the services, as a cache or a queue: any image, under one name."""
