"""An EKS cluster: roles, access, its defaults, its logs and alarms."""
