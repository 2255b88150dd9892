// Services of each type, and what stands around them.
local http = { name: 'http', port: 80 };
local nulls = { metadata+: { creationTimestamp: null } };

local service(spec) = { spec: spec };

local policy(spec) = { spec: { podSelector: {} } + spec };

// documentation addresses (RFC 5737), where nobody answers
local address(last) = '192.0.2.%d' % last;

function(params) {
  v1: {
    Service: {
      // Protocol, target port, family, address and affinity are filled in.
      plain: service({ ports: [{ port: 80 }], selector: { app: 'plain' } }),
      'named-target': service({ ports: [http { targetPort: 'http' }], selector: { app: 'plain' } }),
      'same-port': service({ selector: { app: 'plain' }, ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 5353 },
        { name: 'dns-sctp', port: 53, protocol: 'SCTP' },
      ] }),
      'two-ports': service({ selector: { app: 'plain' }, ports: [
        { name: 'https', port: 443, targetPort: 'https', appProtocol: 'https' },
        http,
      ] }),
      // A null protocol would be another port at each write: it is a key of the list.
      'null-fields': service({ selector: { app: 'plain' }, ports: [http { appProtocol: null, nodePort: null, targetPort: null }], clusterIPs: null, sessionAffinity: null }),
      headless: service({ clusterIP: 'None', selector: { app: 'plain' } }),
      'headless-ports': service({ clusterIP: 'None', clusterIPs: ['None'], ports: [http], publishNotReadyAddresses: true }),
      'fixed-address': service({ clusterIP: '10.96.200.1', ports: [http], selector: { app: 'plain' } }),
      // The node port is the server's choice.
      'node-port': service({ type: 'NodePort', ports: [http, http { name: 'admin', port: 81 }], selector: { app: 'plain' } }),
      'node-port-fixed': service({ type: 'NodePort', ports: [http { nodePort: 32080 }], selector: { app: 'plain' } }),
      'node-port-both': service({ type: 'NodePort', selector: { app: 'plain' }, ports: [
        { name: 'udp', port: 53, protocol: 'UDP', nodePort: 32053 },
        { name: 'tcp', port: 53, nodePort: 32053 },
      ] }),
      balanced: service({ type: 'LoadBalancer', ports: [http], selector: { app: 'plain' } }),
      'balanced-local': service({
        type: 'LoadBalancer',
        allocateLoadBalancerNodePorts: false,
        externalTrafficPolicy: 'Local',
        loadBalancerClass: 'corpus.windlass.dev/none',
        loadBalancerSourceRanges: ['192.0.2.0/24'],
        ports: [http],
        selector: { app: 'plain' },
      }),
      external: service({ type: 'ExternalName', externalName: 'service.example' }),
      'external-ports': service({ type: 'ExternalName', externalName: 'service.example', ports: [http], selector: {} }),
      'external-addresses': service({ externalIPs: [address(1), address(2)], ports: [http], selector: { app: 'plain' } }),
      families: service({ ipFamilyPolicy: 'PreferDualStack', ports: [http], selector: { app: 'plain' } }),
      'one-family': service({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', ports: [http], selector: { app: 'plain' } }),
      affine: service({ sessionAffinity: 'ClientIP', internalTrafficPolicy: 'Local', trafficDistribution: 'PreferSameZone', ports: [http], selector: { app: 'plain' } }),
      'by-hand': service({ ports: [http] }),
      'empty-fields': nulls + service({ ports: [http], selector: {}, externalIPs: [], loadBalancerIP: '', type: null }) + { status: { loadBalancer: {} } },
    },
    Endpoints: {
      'by-hand': { subsets: [{ addresses: [{ ip: address(10) }, { ip: address(11), hostname: 'eleven' }], ports: [{ name: 'http', port: 8080 }] }] },
      'no-subsets': { subsets: [] },
    },
  },

  'discovery.k8s.io/v1': {
    EndpointSlice: {
      'by-hand-1': {
        metadata+: { labels: { 'kubernetes.io/service-name': 'headless-ports', 'endpointslice.kubernetes.io/managed-by': 'corpus' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [address(20)] }, { addresses: [address(21)], conditions: { ready: false }, zone: 'a', hints: { forZones: [{ name: 'a' }] } }],
        ports: [{ port: 80 }, { name: 'dns', port: 53, protocol: 'UDP' }],
      },
      nobody: { addressType: 'IPv6', endpoints: [], ports: null },
      names: { addressType: 'FQDN', endpoints: [{ addresses: ['service.example'], conditions: {} }], ports: [{ name: '', port: 443, appProtocol: 'https' }] },
    },
  },

  'networking.k8s.io/v1': {
    NetworkPolicy: {
      // Both types of policy are read from what is there.
      'deny-all': policy({ podSelector: { matchLabels: { app: 'nobody' } }, policyTypes: ['Ingress', 'Egress'] }),
      ingress: policy({ podSelector: { matchLabels: { app: 'nobody' } }, ingress: [{ from: [
        { podSelector: {} },
        { namespaceSelector: { matchLabels: { a: 'b' } }, podSelector: { matchLabels: { c: 'd' } } },
        { ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.128/25'] } },
      ], ports: [{ port: 53 }, { port: 53, protocol: 'UDP' }, { port: 'http' }, { port: 8000, endPort: 9000 }] }] }),
      egress: policy({ podSelector: { matchLabels: { app: 'nobody' } }, egress: [{}], policyTypes: ['Egress'] }),
      'empty-rules': policy({ podSelector: { matchLabels: { app: 'nobody' } }, ingress: [], egress: [{ to: [], ports: [] }] }),
      'allow-all': nulls + policy({ ingress: [{}] }),
    },
    Ingress: {
      // The default class is filled in.
      'default-class': { spec: { defaultBackend: { service: { name: 'plain', port: { number: 80 } } } } },
      rules: { spec: { ingressClassName: 'corpus-other', rules: [
        { host: 'a.example', http: { paths: [
          { path: '/', pathType: 'Prefix', backend: { service: { name: 'plain', port: { number: 80 } } } },
          { path: '/x', pathType: 'Exact', backend: { service: { name: 'two-ports', port: { name: 'https' } } } },
        ] } },
        { http: { paths: [{ pathType: 'ImplementationSpecific', backend: { resource: { apiGroup: 'corpus.windlass.dev', kind: 'Ship', name: 'bare' } } }] } },
        { host: '*.example' },
      ], tls: [{ hosts: ['a.example'], secretName: 'tls' }, {}] } },
      'old-annotation': {
        metadata+: { annotations: { 'kubernetes.io/ingress.class': 'corpus-old' } },
        spec: { rules: [{ host: 'old.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'absent', port: { number: 1 } } } }] } }] },
      },
      'empty-fields': nulls { spec: { ingressClassName: 'corpus-other', defaultBackend: { service: { name: 'plain', port: { number: 80, name: '' } } }, rules: [], tls: null }, status: { loadBalancer: {} } },
    },
  },
}
