module example.test/shared

go 1.25
