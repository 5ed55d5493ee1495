// How the route, the value of scidex_pg_pool_ro_routes_to, is shown.
import {
  MappingType,
  SpecialValueMatch,
  ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';

export const routeColors = { replica: 'green', fallthrough: 'red', disabled: 'purple' };

const routes = {
  1: { text: 'replica', color: routeColors.replica, index: 0 },
  2: { text: 'primary_fallthrough', color: routeColors.fallthrough, index: 1 },
  3: { text: 'primary_disabled', color: routeColors.disabled, index: 2 },
};

// Where an instance that is not scraped is 4, and so the worst of all.
export const routeOrDownMappings: ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: { ...routes, 4: { text: 'not scraped', color: 'red', index: 3 } },
  },
  noData('no data', 4),
];

export const routeMappings: ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: routes,
  },
  noData('no data', 3),
];

export function noData(text: string, index = 0): ValueMapping {
  return {
    type: MappingType.SpecialValue,
    options: { match: SpecialValueMatch.NullAndNan, result: { text, color: 'text', index } },
  };
}
