"""A stack on AWS: networks, EKS clusters and registries in every region, one database, one name before them."""
