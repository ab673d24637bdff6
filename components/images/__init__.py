"""Images: third-party ones, and those of services, built from source here or prebuilt elsewhere."""
