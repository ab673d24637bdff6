module gostack.dev/mysql-proxy

go 1.26.0
