-- The market database that the coin workflows write to, on PostgreSQL. `market.sqlite.sql` has the same tables.

-- What can be owned. A symbol may belong to several; what CoinGecko calls it belongs to one.
create table if not exists assets (
  id               uuid        primary key default gen_random_uuid(),
  symbol           text        not null,
  name             text        not null,
  asset_type       text        not null default 'cryptocurrency',
  coingecko_id     text        unique,
  coinmarketcap_id text,
  logo_url         text,
  description      text,
  decimals         integer,
  is_active        boolean     not null default true,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);
create index if not exists assets_symbol on assets (symbol);

-- Who owns what: `holdings` is a list of records with an `asset_id` or a `symbol`.
create table if not exists accounts (
  id        uuid    primary key default gen_random_uuid(),
  name      text    not null,
  is_active boolean not null default true,
  holdings  jsonb   not null default '[]'
);

-- The order of the market on a day in UTC.
create table if not exists asset_rankings (
  id                 uuid        primary key default gen_random_uuid(),
  asset_id           uuid        not null references assets (id) on delete cascade,
  snapshot_date      date        not null,
  rank               integer     not null,
  market_cap_usd     numeric     not null,
  price_usd          numeric     not null,
  volume_24h_usd     numeric,
  change_percent_24h numeric,
  dominance          numeric,
  source             text        not null,
  created_at         timestamptz not null default now(),
  unique (asset_id, snapshot_date, source)
);
create index if not exists asset_rankings_day on asset_rankings (snapshot_date, rank);

-- What an asset cost in a minute.
create table if not exists asset_prices (
  id                 uuid        primary key default gen_random_uuid(),
  asset_id           uuid        not null references assets (id) on delete cascade,
  timestamp          timestamptz not null,
  price_usd          numeric     not null,
  volume_24h_usd     numeric,
  market_cap_usd     numeric,
  change_percent_24h numeric,
  source             text        not null,
  created_at         timestamptz not null default now(),
  unique (asset_id, timestamp, source)
);
create index if not exists asset_prices_time on asset_prices (timestamp);

-- Where an asset lives on chains. Hexadecimal addresses are in lower case: 0xAB and 0xab are one contract.
create table if not exists asset_contracts (
  id               uuid        primary key default gen_random_uuid(),
  asset_id         uuid        not null references assets (id) on delete cascade,
  chain            text        not null,
  contract_address text        not null check (contract_address !~* '^0x' or contract_address = lower(contract_address)),
  token_standard   text,
  decimals         integer,
  is_verified      boolean     not null default false,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  unique (chain, contract_address)
);
create index if not exists asset_contracts_asset on asset_contracts (asset_id);
