module windlass/generate

go 1.26.0
