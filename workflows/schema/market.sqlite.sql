-- The market database that the coin workflows write to, on SQLite. `market.postgres.sql` has the same tables.
-- Prices are texts, which keep every digit; `cast(price_usd as real)` computes with them.

-- What can be owned. A symbol may belong to several; what CoinGecko calls it belongs to one.
create table if not exists assets (
  id               text        not null primary key default (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' ||
    substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  symbol           text        not null,
  name             text        not null,
  asset_type       text        not null default 'cryptocurrency',
  coingecko_id     text        unique,
  coinmarketcap_id text,
  logo_url         text,
  description      text,
  decimals         integer,
  is_active        boolean     not null default true,
  created_at       timestamptz not null default (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  updated_at       timestamptz not null default (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
);
create index if not exists assets_symbol on assets (symbol);

-- Who owns what: `holdings` is a list of records with an `asset_id` or a `symbol`.
create table if not exists accounts (
  id        text    not null primary key,
  name      text    not null,
  is_active boolean not null default true,
  holdings  jsonb   not null default '[]'
);

-- The order of the market on a day in UTC.
create table if not exists asset_rankings (
  id                 integer     primary key,
  asset_id           text        not null references assets (id) on delete cascade,
  snapshot_date      date        not null,
  rank               integer     not null,
  market_cap_usd     text        not null,
  price_usd          text        not null,
  volume_24h_usd     text,
  change_percent_24h text,
  dominance          text,
  source             text        not null,
  created_at         timestamptz not null default (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  unique (asset_id, snapshot_date, source)
);
create index if not exists asset_rankings_day on asset_rankings (snapshot_date, rank);

-- What an asset cost in a minute.
create table if not exists asset_prices (
  id                 integer     primary key,
  asset_id           text        not null references assets (id) on delete cascade,
  timestamp          timestamptz not null,
  price_usd          text        not null,
  volume_24h_usd     text,
  market_cap_usd     text,
  change_percent_24h text,
  source             text        not null,
  created_at         timestamptz not null default (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  unique (asset_id, timestamp, source)
);
create index if not exists asset_prices_time on asset_prices (timestamp);

-- Where an asset lives on chains. Hexadecimal addresses are in lower case: 0xAB and 0xab are one contract.
create table if not exists asset_contracts (
  id               integer     primary key,
  asset_id         text        not null references assets (id) on delete cascade,
  chain            text        not null,
  contract_address text        not null check (contract_address not like '0x%' or contract_address = lower(contract_address)),
  token_standard   text,
  decimals         integer,
  is_verified      boolean     not null default false,
  created_at       timestamptz not null default (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  updated_at       timestamptz not null default (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  unique (chain, contract_address)
);
create index if not exists asset_contracts_asset on asset_contracts (asset_id);
