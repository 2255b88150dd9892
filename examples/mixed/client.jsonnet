// The client of //services/client, with a server that somebody has written in another language.
local client = import 'services/client/client.jsonnet';

function(params) client(params, server=std.extVar('//examples/java/server').service)
