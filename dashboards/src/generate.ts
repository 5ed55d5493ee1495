// Writes the dashboards, as Grafana reads them, to the folder that is named, or to json/.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { detail } from './detail';
import { exporter } from './exporter';
import { overview } from './overview';
import { readOnly } from './read-only';

const folder = process.argv[2] ?? join(process.cwd(), 'json');
mkdirSync(folder, { recursive: true });
for (const dashboard of [overview(), detail(), readOnly(), exporter()]) {
  const name = dashboard.uid?.replace('scidex-pg-pool-', '');
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(dashboard, null, 2)}\n`);
}
