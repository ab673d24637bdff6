module gostack.dev/unsteady

go 1.26
