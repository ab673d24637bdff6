"""What only a machine without registries needs: toolchain builds, fallback images, a local cluster, fake providers."""
