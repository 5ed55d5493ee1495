// How the route, the value of scidex_pg_pool_ro_routes_to, is shown.
import {
  MappingType,
  SpecialValueMatch,
  ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';

export const routeColors = { replica: 'green', fallthrough: 'red', disabled: 'purple' };

export const routeMappings: ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: {
      1: { text: 'replica', color: routeColors.replica, index: 0 },
      2: { text: 'primary_fallthrough', color: routeColors.fallthrough, index: 1 },
      3: { text: 'primary_disabled', color: routeColors.disabled, index: 2 },
    },
  },
  noData('no data', 3),
];

export function noData(text: string, index = 0): ValueMapping {
  return {
    type: MappingType.SpecialValue,
    options: { match: SpecialValueMatch.NullAndNan, result: { text, color: 'text', index } },
  };
}
