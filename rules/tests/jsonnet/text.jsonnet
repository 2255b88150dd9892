|||
  [server]
  port = %d
||| % 50051
