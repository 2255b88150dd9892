// Custom kinds, and objects of them.
local own = 'corpus.windlass.dev';
local nulls = { metadata+: { creationTimestamp: null } };

local object(properties, fields={}) = { type: 'object', properties: properties } + fields;
local text = { type: 'string' };
local number = { type: 'integer' };
local list(items, fields={}) = { type: 'array', items: items } + fields;
local map(values, fields={}) = { type: 'object', additionalProperties: values } + fields;
local anything = { 'x-kubernetes-preserve-unknown-fields': true };

local version(name, spec, fields={}) = {
  name: name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: object({ spec: spec } + { status: object({}, anything) }) },
} + fields;

// plural, kind, versions; the server fills in the other names and the conversion
local definition(plural, kind, versions, fields={}) = {
  metadata+: { name: '%s.%s' % [plural, own] },
  spec: {
    group: own,
    names: { kind: kind, plural: plural },
    scope: 'Namespaced',
    versions: versions,
  } + fields,
};

local port = object({
  name: text,
  number: number,
  protocol: text { default: 'TCP' },
}, { required: ['number'] });

{
  definitions: {
    CustomResourceDefinition: {
      // Fields with defaults, at every depth.
      ships: definition('ships', 'Ship', [version('v1', object({
        name: text { default: 'unnamed', maxLength: 20 },
        sails: number { default: 3, minimum: 0 },
        speed: { type: 'number', default: 1.5 },
        afloat: { type: 'boolean', default: true },
        crew: object({ captain: text { default: 'nobody' }, hands: number }, { default: {} }),
        holds: list(object({ cargo: text, tons: number { default: 1 } })),
        flag: text { nullable: true },
        colours: list(text, { default: ['white'] }),
      }), { subresources: { status: {} } })]),
      // Whatever comes is kept.
      crates: definition('crates', 'Crate', [version('v1', object({
        content: object({ label: text }, anything),
        pod: object({}, anything { 'x-kubernetes-embedded-resource': true }),
        raw: anything,
      }))]),
      // Lists that are merged by keys, sets, and those that are not merged.
      harbours: definition('harbours', 'Harbour', [version('v1', object({
        berths: list(object({ name: text, depth: number }, { required: ['name'] }), { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
        ports: list(port, { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['number', 'protocol'] }),
        tags: list(text, { 'x-kubernetes-list-type': 'set' }),
        atomic: list(object({ a: text, b: text { default: 'b' } }), { 'x-kubernetes-list-type': 'atomic' }),
        whole: map(text, { 'x-kubernetes-map-type': 'atomic' }),
        labels: map(text),
        replicas: number,
        nested: map(list(map(number))),
      }), { subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } } })]),
      // Values that have more than one form.
      gauges: definition('gauges', 'Gauge', [version('v1', object({
        either: { 'x-kubernetes-int-or-string': true },
        eithers: list({ 'x-kubernetes-int-or-string': true }),
        quantity: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }], pattern: @'^[0-9]+[kMG]?i?$' },
        float: { type: 'number' },
        double: { type: 'number', format: 'double' },
        long: { type: 'integer', format: 'int64' },
        time: text { format: 'date-time' },
        bytes: text { format: 'byte' },
        choice: text { enum: ['a', 'b', ''] },
      }, { 'x-kubernetes-validations': [{ rule: "!has(self.choice) || self.choice != 'c'", message: 'not c' }] }), {
        additionalPrinterColumns: [{ name: 'Float', type: 'number', jsonPath: '.spec.float' }, { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', priority: 1 }],
      })]),
      // Two versions of one object, one of them stored.
      charts: definition('charts', 'Chart', [
        version('v1', object({ scale: number { default: 1 }, area: text })),
        version('v1beta1', object({ scale: number, area: text { default: 'sea' } }), { storage: false, deprecated: true, deprecationWarning: 'use v1' }),
      ], { conversion: { strategy: 'None' } }),
      // Of the whole cluster.
      oceans: definition('oceans', 'Ocean', [version('v1', object({ depth: number }), { selectableFields: [{ jsonPath: '.spec.depth' }] })], {
        scope: 'Cluster',
        names+: { singular: 'ocean', listKind: 'OceanList', shortNames: ['oc'], categories: ['all-corpus'] },
        preserveUnknownFields: false,
      }) + nulls + { status: { acceptedNames: { kind: '', plural: '' }, conditions: [], storedVersions: [] } },
    },
  },

  // In the run that brings their kinds.
  cluster: {
    [own + '/v1']: {
      Ocean: { deep: { spec: { depth: 10994 } }, bare: {}, 'empty-fields': nulls { spec: {} } },
      Ship: { 'with-its-kind': { metadata+: { namespace: 'corpus-other' }, spec: { name: 'first' } } },
    },
  },

  // In a later one.
  namespaced: {
    [own + '/v1']: {
      Ship: {
        bare: {},
        'empty-spec': { spec: {} },
        'some-fields': { spec: { sails: 0, crew: {}, holds: [{ cargo: 'tea' }, { tons: 2 }, {}] } },
        'all-fields': { spec: { name: 'all', sails: 5, speed: 2.25, afloat: false, crew: { captain: 'alice', hands: 0 }, holds: [], flag: 'red', colours: [] } },
        nulls: nulls { spec: { name: null, flag: null, crew: null, colours: null } },
        'with-status': { spec: { name: 'status' }, status: { seen: true } },
      },
      Crate: {
        open: { spec: { content: { label: 'x', other: { deep: [1, { two: null }, [[]]] }, empty: {}, none: null }, raw: 'text' } },
        embedded: { spec: { pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'inner', labels: { a: 'b' } }, spec: { containers: [] } }, raw: [1, 'two', null, { three: 3 }] } },
        'own-status': { spec: { raw: {} }, status: { phase: 'Packed', counts: [1, 2] } },
      },
      Harbour: {
        keys: { spec: {
          berths: [{ name: 'b', depth: 2 }, { name: 'a' }],
          ports: [{ number: 53, protocol: 'UDP' }, { number: 53, protocol: 'TCP' }, { number: 80, name: 'http' }],
          tags: ['b', 'a'],
        } },
        atomic: { spec: { atomic: [{ a: 'x' }, { b: '' }, {}], whole: { k: 'v', empty: '' }, labels: { a: '1' }, replicas: 0 } },
        nested: { spec: { nested: { a: [{ b: 1 }, {}], c: [] } } },
        'empty-fields': { spec: { berths: [], ports: [], tags: [], atomic: [], whole: {}, labels: {}, nested: {} } },
      },
      Gauge: {
        numbers: { spec: { either: 80, eithers: [1, '2', '50%'], quantity: 5, float: 1.0, double: 0.1, long: 9007199254740991, choice: '' } },
        texts: { spec: { either: '80', quantity: '1024Mi', float: 1e21, double: -1.5e-9, long: -1, time: '2026-01-01T00:00:00Z', bytes: 'AA==', choice: 'a' } },
        'other-forms': { spec: { float: 3, double: 100000000, time: '2026-01-01T01:00:00.000+01:00' } },
      },
      Chart: { stored: { spec: { area: 'north' } } },
    },
    [own + '/v1beta1']: {
      Chart: { older: { spec: { scale: 5 } }, 'older-bare': {} },
    },
  },
}
