create table assets (
  id integer primary key,
  symbol text not null unique,
  name text,
  listed date,
  price double precision,
  active boolean not null,
  meta jsonb
);
create table prices (
  asset_id integer not null,
  day date not null,
  value double precision not null,
  source text,
  at timestamptz,
  primary key (asset_id, day)
);
create view latest as select asset_id, max(day) as day from prices group by asset_id
