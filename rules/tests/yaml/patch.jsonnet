// Every definition for the team that runs it; each to a file after its plural.
{
  [crd.spec.names.plural + '.json']: crd {
    metadata+: { labels+: { 'example.com/team': 'harbour' } },
  }
  for crd in import 'crds.json'
}
