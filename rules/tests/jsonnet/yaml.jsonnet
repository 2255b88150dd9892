{
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', labels: { version: '1.10', enabled: 'yes' } },
  data: {
    'run.sh': '#!/bin/sh\nset -e\nexec server\n',
    indented: '  first\nsecond\n',
    list: std.manifestJsonMinified([1, 2]),
  },
  ports: [{ port: 50051, ratio: 0.5, none: null, empty: [], object: {} }],
}
