-- The warehouse that the extractor and forecasts write to, for MySQL and MariaDB: a key there has bounds, and letters of another
-- case are the same letters unless the collation says otherwise.

-- What the extractor copied: the latest value of each metric for each business day.
create table if not exists vm_extracted_metrics (
  job_id        varchar(100) not null,
  biz_date      date         not null,
  auid          varchar(100) not null,
  metric_name   varchar(150) not null,
  metric_labels varchar(400) not null,
  value         double       not null,
  timestamp     datetime(6)  not null,
  extracted_at  datetime(6)  not null,
  primary key (job_id, biz_date, auid, metric_name, metric_labels)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

-- One row for each day that a run copied.
create table if not exists vm_extraction_jobs (
  job_id              varchar(100) not null,
  biz_date            date         not null,
  execution_timestamp datetime(6)  not null,
  records_processed   bigint       not null,
  max_data_timestamp  datetime(6),
  primary key (job_id, biz_date, execution_timestamp)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

-- The series whose points are kept, by the digest of name and labels.
create table if not exists vm_metric_metadata (
  metric_id     varchar(64)  not null primary key,
  job_id        varchar(150) not null,
  metric_name   varchar(150) not null,
  metric_labels json         not null
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

-- Their points.
create table if not exists vm_metric_data (
  metric_id        varchar(64) not null,
  metric_timestamp datetime(6) not null,
  metric_value     double      not null,
  primary key (metric_id, metric_timestamp),
  foreign key (metric_id) references vm_metric_metadata (metric_id)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

-- How the series of a forecast are to be forecast, where they differ: the first row that fits a series counts.
create table if not exists vm_forecast_config (
  config_id     bigint       not null primary key,
  job_id        varchar(100) not null,
  metric_name   varchar(150),
  metric_labels json,
  min_points    bigint,
  prophet       json,
  enabled       boolean      not null default true,
  notes         text
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

-- One row for each run of a forecast.
create table if not exists vm_forecast_job (
  run_id           varchar(64)  not null primary key,
  job_id           varchar(100) not null,
  business_date    date         not null,
  started_at       datetime(6)  not null,
  status           varchar(20)  not null,
  target           varchar(20)  not null,
  horizon          varchar(20)  not null,
  series_processed bigint       not null,
  series_skipped   bigint       not null,
  series_failed    bigint       not null,
  values_written   bigint       not null
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;
