module gostack/images/pause

go 1.24
