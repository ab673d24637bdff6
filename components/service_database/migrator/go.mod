module gostack.dev/migrator

go 1.26.0

require (
	github.com/go-sql-driver/mysql v1.10.1
	github.com/golang-migrate/migrate/v4 v4.20.1
)

require filippo.io/edwards25519 v1.2.0 // indirect
