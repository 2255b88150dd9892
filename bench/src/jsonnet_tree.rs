//! Jsonnet to render: a tree of services in the style of a monorepo, and a large library.

use std::fmt::Write as _;
use std::path::Path;

use crate::error::Error;

/// The environments of each service.
pub const ENVIRONMENTS: [&str; 5] = ["dev", "test", "staging", "prod", "dr"];

/// Constructors of objects, each of which may be overridden.
const K8S: &str = "\
{
  local k = self,
  meta(name, namespace, labels):: {
    metadata: { name: name, namespace: namespace, labels: { 'app.kubernetes.io/name': name } + labels },
  },
  container(name, image):: {
    local c = self,
    env_:: {},
    ports_:: {},
    name: name,
    image: image,
    env: [{ name: e, value: std.toString(c.env_[e]) } for e in std.objectFields(c.env_)],
    ports: [{ name: p, containerPort: c.ports_[p] } for p in std.objectFields(c.ports_)],
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    assert std.length(c.name) <= 63 : 'too long: ' + c.name,
  },
  probe(path, port):: { httpGet: { path: path, port: port }, periodSeconds: 10, timeoutSeconds: 3 },
  template(labels, containers):: {
    metadata: { labels: labels, annotations: { 'prometheus.io/scrape': 'true' } },
    spec: {
      containers: containers,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } } },
      ] } },
    },
  },
  deployment(name, namespace, labels, template, replicas):: k.meta(name, namespace, labels) + {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: { replicas: replicas, selector: { matchLabels: labels }, template: template },
  },
  service(name, namespace, labels, ports):: k.meta(name, namespace, labels) + {
    apiVersion: 'v1',
    kind: 'Service',
    spec: { selector: labels, ports: [{ name: p, port: ports[p], targetPort: p } for p in std.objectFields(ports)] },
  },
  configMap(name, namespace, labels, data):: k.meta(name, namespace, labels) + {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    data: data,
  },
  autoscaler(name, namespace, labels, least, most):: k.meta(name, namespace, labels) + {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    spec: { minReplicas: least, maxReplicas: most, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: name } },
  },
}
";

/// The objects of a service in an environment.
const APP: &str = "\
local k = import 'k8s.libsonnet';
function(service, env) {
  local app = self,
  namespace:: '%s-%s' % [service.team, env.name],
  labels:: { app: service.name, team: service.team, env: env.name },
  replicas:: std.max(1, std.floor(service.replicas * env.scale)),
  config:: std.mergePatch(service.config, env.config) + { upstreams: ['http://%s.%s:8080' % [d, env.domain] for d in service.deps] },
  container:: k.container(service.name, '%s/%s:%s' % [env.registry, service.name, service.tag]) + {
    env_+:: { LOG_LEVEL: env.logLevel } + service.env,
    ports_+:: service.ports,
    livenessProbe: k.probe('/healthz', 'http'),
    readinessProbe: k.probe('/ready', 'http') + { initialDelaySeconds: 2 },
    volumeMounts: [{ name: 'config', mountPath: '/etc/' + service.name, readOnly: true }],
  },
  template:: k.template(app.labels, [app.container]) + {
    metadata+: { annotations+: { 'checksum/config': std.md5(std.manifestJsonEx(app.config, '')) } },
    spec+: { volumes: [{ name: 'config', configMap: { name: service.name } }] },
  },
  apiVersion: 'v1',
  kind: 'List',
  items: [
    k.deployment(service.name, app.namespace, app.labels, app.template, app.replicas),
    k.service(service.name, app.namespace, app.labels, service.ports),
    k.configMap(service.name, app.namespace, app.labels, {
      'config.json': std.manifestJsonEx(app.config, '  '),
      'app.properties': std.lines([p + '=' + service.properties[p] for p in std.objectFields(service.properties)]),
    }),
    k.autoscaler(service.name, app.namespace, app.labels, app.replicas, app.replicas * 4),
  ],
}
";

const MAIN: &str = "\
local app = import 'app.libsonnet';
local envs = import 'envs.libsonnet';
local services = import 'services.libsonnet';
{
  ['%s-%s.json' % [env, name]]: app(services[name], envs[env])
  for env in std.objectFields(envs)
  for name in std.objectFields(services)
}
";

/// Writes a tree of `services`; gives its files, `main.jsonnet` first, and the names of its outputs.
pub fn write(folder: &Path, services: usize) -> Result<(Vec<String>, Vec<String>), Error> {
    let mut list = "{\n".to_owned();
    let mut files = vec![("main.jsonnet".to_owned(), MAIN.to_owned())];
    let mut outputs = Vec::new();
    for number in 0..services {
        let name = format!("service-{number:04}");
        let _ = writeln!(list, "  '{name}': import '{name}.libsonnet',");
        files.push((format!("{name}.libsonnet"), service(&name, number)));
        outputs.extend(ENVIRONMENTS.map(|env| format!("{env}-{name}.json")));
    }
    files.push(("services.libsonnet".to_owned(), list + "}\n"));
    files.push(("envs.libsonnet".to_owned(), environments()));
    files.push(("app.libsonnet".to_owned(), APP.to_owned()));
    files.push(("k8s.libsonnet".to_owned(), K8S.to_owned()));
    Ok((put(folder, &files)?, outputs))
}

fn environments() -> String {
    let mut text = "{\n  local base = { registry: 'registry.example.com', domain: 'cluster.local', scale: 1 },\n".to_owned();
    for env in ENVIRONMENTS {
        let _ = writeln!(
            text,
            "  {env}: base + {{ name: '{env}', logLevel: 'info', config: {{ db: {{ host: 'db.{env}' }}, debug: null }} }},"
        );
    }
    text + "}\n"
}

fn service(name: &str, number: usize) -> String {
    let list = |count: usize, one: &dyn Fn(usize) -> String| {
        (0..count).map(one).collect::<Vec<_>>().join(", ")
    };
    let variables = list(6, &|n| format!("VARIABLE_{n}: 'v{}'", number * 7 + n));
    let properties = list(10, &|n| {
        format!("'{name}.key{n}': 'value-{}'", number * 11 + n)
    });
    let rules = list(6, &|n| {
        format!(
            "{{ id: {n}, match: '/api/v{n}/{name}', weight: {}, headers: {{ 'x-team': 'a' }} }}",
            n * 9
        )
    });
    let deps = list(number % 4, &|n| format!("'service-{:04}'", number - n - 1));
    format!(
        "{{\n  name: '{name}', team: 'team-{}', tag: 'v1.{number}.0', replicas: {},\n  \
           ports: {{ http: 8080, metrics: 9090 }},\n  env: {{ {variables} }},\n  \
           config: {{ db: {{ name: '{name}', pool: 4 }}, debug: true, rules: [{rules}] }},\n  \
           properties: {{ {properties} }},\n  deps: [{deps}],\n}}\n",
        number % 9,
        1 + number % 5,
    )
}

/// Writes a source that uses three of the functions of a library of about 6 MB; gives its files
/// and the name of its output.
pub fn write_large_library(folder: &Path) -> Result<(Vec<String>, Vec<String>), Error> {
    let mut library = "{\n".to_owned();
    for number in 0..16_000 {
        let _ = write!(
            library,
            "  kind{number}: {{\n    '#new':: {{ help: 'makes the kind of number {number}' }},\n    \
               new(name):: {{ apiVersion: 'v1', kind: 'Kind{number}' }} + self.metadata.withName(name),\n    \
               metadata:: {{\n      withName(name):: {{ metadata+: {{ name: name }} }},\n      \
               withLabels(labels):: {{ metadata+: {{ labels: labels }} }},\n    }},\n    \
               spec:: {{ withReplicas(n):: {{ spec+: {{ replicas: n }} }} }},\n  }},\n"
        );
    }
    let main = "local l = import 'library.libsonnet';\n\
                { 'out.json': [l.kind1.new('a'), l.kind8000.new('b'), l.kind15999.new('c')] }\n";
    let files = [
        ("main.jsonnet".to_owned(), main.to_owned()),
        ("library.libsonnet".to_owned(), library + "}\n"),
    ];
    Ok((put(folder, &files)?, vec!["out.json".to_owned()]))
}

fn put(folder: &Path, files: &[(String, String)]) -> Result<Vec<String>, Error> {
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(Error::io("write", &path))?;
    }
    Ok(files.iter().map(|(name, _)| name.clone()).collect())
}
