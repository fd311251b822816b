-- The warehouse that the extractor writes to, for MySQL and MariaDB: a key there has bounds, and letters of another
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
