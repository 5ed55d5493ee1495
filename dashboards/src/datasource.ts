// The Prometheus that the reader has chosen; panels, targets and variables all refer to it.
import { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';

export const datasource: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };
