module example.test/letters

go 1.25

require private.example.test/words v1.0.0
