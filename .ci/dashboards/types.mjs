// types.mjs FILE CONFIG_MAP...: writes a source in TypeScript that says of the dashboards in ConfigMaps that they are what
// @grafana/schema takes: each as a whole, and the options of each panel by the type of the panel.
import { readFileSync, writeFileSync } from 'node:fs';

const OPTIONS = { stat: 'Stat', timeseries: 'TimeSeries' };

const [file, ...configMaps] = process.argv.slice(2);
let text = "import type { Dashboard } from '@grafana/schema';\n";
for (const [type, name] of Object.entries(OPTIONS)) {
  text += `import type { Options as ${type} } from '@grafana/schema/dist/esm/raw/composable/${type}/panelcfg/x/${name}PanelCfg_types.gen';\n`;
}
let number = 0;
const say = (type, value) => {
  text += `export const v${number++}: ${type} = ${JSON.stringify(value, null, 2)};\n`;
};
for (const configMap of configMaps) {
  for (const content of Object.values(JSON.parse(readFileSync(configMap)).data)) {
    const dashboard = JSON.parse(content);
    say('Dashboard', dashboard);
    for (const panel of dashboard.panels) {
      if (!(panel.type in OPTIONS)) throw new Error(`${configMap}: nothing is known of panels of type ${panel.type}`);
      if (panel.options) say(`Partial<${panel.type}>`, panel.options);
    }
  }
}
writeFileSync(file, text);
