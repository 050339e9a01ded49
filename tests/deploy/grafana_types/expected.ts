// What Grafana takes for a dashboard. Below it stands the file of a dashboard, so that a name or a value that Grafana does not know is an error.
import type { AnnotationQuery, Dashboard, DataQuery, FieldConfig, FieldConfigSource, Panel, RowPanel, VariableModel } from '@grafana/schema';
import type { Options as BarGauge } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as Heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as StateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as Table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// JSON has the values of enumerations, not their members.
type Plain<T> = unknown extends T ? T : T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
  : T extends (infer Item)[] ? Plain<Item>[] : { [Name in keyof T]: Plain<T[Name]> };

// The queries of Prometheus's data source, which this package does not describe.
type Query = Plain<DataQuery>
  & { expr: string; legendFormat?: string; format?: 'time_series' | 'table' | 'heatmap'; instant?: boolean; range?: boolean; interval?: string };
type Mark = Plain<AnnotationQuery> & { expr: string; titleFormat: string; textFormat: string; step: string };
type Variable = Plain<Omit<VariableModel, 'query'>> & { query: string | { qryType: 1; query: string; refId: string } };

type Fields<Custom> = Plain<Omit<FieldConfigSource, 'defaults'>> & { defaults: Plain<Omit<FieldConfig, 'custom'>> & { custom?: Plain<Partial<Custom>> } };
type Shown<Kind, Options, Custom = object> = Plain<Omit<Panel, 'type' | 'options' | 'targets' | 'fieldConfig'>>
  & { type: Kind; options: Plain<Partial<Options>>; targets: Query[]; fieldConfig: Fields<Custom> };
type Ours =
  | Shown<'bargauge', BarGauge>
  | Shown<'heatmap', Heatmap.Options, Heatmap.FieldConfig>
  | Shown<'stat', Stat>
  | Shown<'state-timeline', StateTimeline.Options, StateTimeline.FieldConfig>
  | Shown<'table', Table.Options, Table.FieldConfig>
  | Shown<'timeseries', TimeSeries.Options, TimeSeries.FieldConfig>
  | Plain<RowPanel>;
type Expected = Plain<Omit<Dashboard, 'panels' | 'annotations' | 'templating'>>
  & { panels: Ours[]; annotations: { list: Mark[] }; templating: { list: Variable[] } };

