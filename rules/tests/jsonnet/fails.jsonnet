local port = 0;

{ port: if port > 0 then port else error 'set a port' }
