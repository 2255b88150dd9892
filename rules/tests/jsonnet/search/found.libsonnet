{ from: 'a library in a folder of imports' }
