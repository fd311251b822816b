-- The warehouse that the workflows write to. The same text serves PostgreSQL and SQLite; warehouse.mysql.sql is for MySQL.

-- What the extractor copied: the latest value of each metric for each business day.
create table if not exists vm_extracted_metrics (
  job_id        text             not null,
  biz_date      date             not null,
  auid          text             not null,
  metric_name   text             not null,
  metric_labels jsonb            not null,
  value         double precision not null,
  timestamp     timestamptz      not null,
  extracted_at  timestamptz      not null,
  primary key (job_id, biz_date, auid, metric_name, metric_labels)
);

-- One row for each day that a run copied.
create table if not exists vm_extraction_jobs (
  job_id              text        not null,
  biz_date            date        not null,
  execution_timestamp timestamptz not null,
  records_processed   bigint      not null,
  max_data_timestamp  timestamptz,
  primary key (job_id, biz_date, execution_timestamp)
);

-- The series whose points are copied, by the digest of name and labels: the same key whoever writes it first.
create table if not exists vm_metric_metadata (
  metric_id     text  not null primary key,
  job_id        text  not null,
  metric_name   text  not null,
  metric_labels jsonb not null
);

-- Their points, as they were written.
create table if not exists vm_metric_data (
  metric_id        text             not null references vm_metric_metadata (metric_id),
  metric_timestamp timestamptz      not null,
  metric_value     double precision not null,
  primary key (metric_id, metric_timestamp)
);

-- One row for each selection that a run copied; `last_timestamp` is its newest point.
create table if not exists vm_metric_extract_jobs (
  job_id              text        not null,
  run_id              text        not null,
  selection_value     text        not null,
  started_at          timestamptz not null,
  series_count        bigint      not null,
  metrics_saved_count bigint      not null,
  last_timestamp      timestamptz,
  primary key (run_id, selection_value)
);

-- How the series of a forecast are to be forecast, where they differ: the first row that fits a series counts.
create table if not exists vm_forecast_config (
  config_id     bigint  not null primary key,
  job_id        text    not null,
  metric_name   text,
  metric_labels jsonb,
  min_points    bigint,
  prophet       jsonb,
  enabled       boolean not null default true,
  notes         text
);

-- One row for each run of a forecast.
create table if not exists vm_forecast_job (
  run_id           text        not null primary key,
  job_id           text        not null,
  business_date    date        not null,
  started_at       timestamptz not null,
  status           text        not null,
  target           text        not null,
  horizon          text        not null,
  series_processed bigint      not null,
  series_skipped   bigint      not null,
  series_failed    bigint      not null,
  values_written   bigint      not null
);
