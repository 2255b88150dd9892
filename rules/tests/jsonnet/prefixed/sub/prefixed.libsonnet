{ from: 'a library by its import prefix, in ' + std.thisFile }
