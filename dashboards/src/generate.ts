// Writes json/, the dashboards as Grafana reads them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { overview } from './overview';

const folder = join(process.cwd(), 'json');
writeFileSync(join(folder, 'overview.json'), `${JSON.stringify(overview(), null, 2)}\n`);
